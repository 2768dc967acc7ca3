import { openDevice } from "../src/adapter.ts";
import type { Tuning } from "../src/context.ts";
import { open, type WebGPUBackend, type WebGPUOptions } from "../src/webgpu.ts";

/** One device for a file's tests: each new one compiles every shader anew. */
const shared = openDevice(undefined, "high-performance");

/** A backend on the file's device. */
export async function onShared(
  tuning: Partial<Tuning> = {},
  options: WebGPUOptions = {},
): Promise<WebGPUBackend> {
  const { gpu, device } = await shared;
  return open({ ...options, device, ...(gpu ? { gpu } : {}) }, tuning);
}
