export { backendCases, type CaseOptions, type Exceptions } from "./backend-cases.ts";
export type { AnyOp, Case, CaseKind, CaseReport, Create } from "./case.ts";
export { type TorchEntry, type TorchManifest, torchCases } from "./cases/torch.ts";
export { type CaseResult, type OpRow, runCases, type Summary } from "./run-cases.ts";
export { type Input, type Sample, samples } from "./samples.ts";
