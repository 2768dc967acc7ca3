export { adapterFacts, type Facts } from "./adapter.ts";
export { DeviceLostError } from "./failure.ts";
export type { KernelTime } from "./profiler.ts";
export type { Counts } from "./queue.ts";
export { type WebGPUBackend, type WebGPUOptions, webgpu } from "./webgpu.ts";
