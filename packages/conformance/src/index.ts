export { backendCases, type CaseOptions, type Exceptions } from "./backend-cases.ts";
export type { AnyOp, Case, CaseKind, CaseReport, Create } from "./case.ts";
export { type FamilyModel, familyCases, familyModels } from "./cases/families.ts";
export { type TorchEntry, type TorchManifest, torchCases } from "./cases/torch.ts";
export { type TorchModel, torchModelCases, torchModels } from "./cases/torch-models.ts";
export { type CaseResult, type OpRow, runCases, type Summary } from "./run-cases.ts";
export type { Input, Sample } from "./sample.ts";
export { samples } from "./samples.ts";
export { type StressOptions, stress, type Twins } from "./stress.ts";
