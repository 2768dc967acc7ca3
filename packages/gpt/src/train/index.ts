export { BatchMemoryError } from "./batch-memory.ts";
export {
  type Batch,
  checkData,
  drawBatch,
  type Split,
  splitTokens,
  type TokenArray,
} from "./batches.ts";
export {
  type AdamWConfig,
  adamw,
  type SGDConfig,
  type TrainingConfig,
  trainingConfig,
} from "./config.ts";
export { DivergedError, findOrigin, type Origin } from "./divergence.ts";
export {
  type FitOptions,
  fit,
  type SampleOptions,
  type Summary,
  type TrainEvent,
} from "./fit.ts";
export { type Folder, nodeFolder } from "./folder.ts";
export { type Looked, lookAtLoss } from "./look-at-loss.ts";
export {
  type ModelSettings,
  modelSettings,
  type OptimizerSettings,
  type RecipeSettings,
  trainingSettings,
} from "./recipe.ts";
export { type Metric, RUN_VERSION, Run, type RunConfig, RunError, SaveError } from "./run.ts";
export {
  modelTensors,
  type StepReport,
  Trainer,
  type TrainerOptions,
} from "./trainer.ts";
