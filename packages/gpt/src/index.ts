export { KVCache } from "./cache.ts";
export { ConfigError } from "./check-config.ts";
export {
  type Biases,
  biasesOf,
  type Dropouts,
  dropoutsOf,
  type GPTConfig,
  type GPTSizes,
  gptConfig,
  reconfigure,
} from "./config.ts";
export { describePlan } from "./describe-plan.ts";
export { type GenerateOptions, generate } from "./generate.ts";
export {
  attentionEntropy,
  attentionMaps,
  logitLens,
  toHost,
} from "./look.ts";
export {
  Block,
  type BlockOptions,
  type ForwardOptions,
  GPT,
  type LossOptions,
  type Memory,
} from "./model.ts";
export { nearest } from "./nearest.ts";
export { parameterShapes } from "./parameter-shapes.ts";
export {
  type DeviceTime,
  deviceTime,
  type Plan,
  type PlanOptions,
  plan,
  planPreset,
  publishedDevice,
} from "./plan.ts";
export {
  activationBytes,
  countParameters,
  largestBatch,
  type ParameterCount,
} from "./plan-memory.ts";
export { type Preset, preset, presetConfig, presets } from "./presets.ts";
export {
  formatCount,
  formatDollars,
  formatDuration,
  formatEngineering,
  formatExponent,
  formatInteger,
  formatQuantity,
} from "./quantities.ts";
export {
  type Candidate,
  type Choice,
  type Sampler,
  type SamplingOptions,
  sampler,
} from "./sampling.ts";
export { type Statistics, statistics } from "./statistics.ts";
export { cacheBytes, weightBytes } from "./weight-bytes.ts";
export { readWeights, writeWeights } from "./weights.ts";
