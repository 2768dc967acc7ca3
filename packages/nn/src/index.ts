export { type MLPActivation, relu, silu } from "./activations.ts";
export {
  type AttentionConfig,
  CausalSelfAttention,
  type Past,
  type SelfAttentionOptions,
} from "./attention.ts";
export { dropout } from "./dropout.ts";
export { Embedding } from "./embedding.ts";
export {
  type BlankOptions,
  blank,
  type Init,
  init,
  type Weight,
  type WeightFormat,
} from "./init.ts";
export { LayerNorm } from "./layer-norm.ts";
export { Linear, type LinearConfig } from "./linear.ts";
export { crossEntropyLoss, linearCrossEntropyLoss } from "./loss.ts";
export { MLP, type MLPConfig } from "./mlp.ts";
export { namedParameters, namedWeights, parameterOf, parametersOf } from "./parameters.ts";
export {
  LearnedPositions,
  type Positions,
  SinusoidalPositions,
  sinusoids,
} from "./positions.ts";
export { RMSNorm } from "./rms-norm.ts";
export { type RotaryConfig, RotaryPositions, rotaryTable } from "./rotary.ts";
export { type RotaryScaling, rotaryFrequencies, scaledFrequencies } from "./rotary-scaling.ts";
export { SwiGLU, type SwiGLUConfig } from "./swiglu.ts";
