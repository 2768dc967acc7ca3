import type { KernelTime, WebGPUBackend } from "@muladd/backend-webgpu";
import { now } from "./rounds.ts";

/** What a GPU is asked for, for one step or token. */
export interface DeviceWork {
  readonly dispatches: number;
  readonly submits: number;
}

/** A kernel's time in one step or token, on the device. */
export interface KernelRow extends KernelTime {
  /** Of the time of all kernels. */
  readonly share: number;
}

export interface KernelProfile {
  /** The longest first; empty without timestamp queries. */
  readonly rows: readonly KernelRow[];
  /** Of all kernels. Milliseconds. */
  readonly ms: number;
  /** What the host waited for it, milliseconds: with each kernel in a pass of its own, so longer than without a profile. */
  readonly wallMs: number;
}

/** Counts what `body` has the device do, for each of `units` steps or tokens. */
export async function countWork(
  backend: WebGPUBackend,
  units: number,
  body: () => Promise<void>,
): Promise<DeviceWork> {
  const before = backend.counts;
  await body();
  const after = backend.counts;
  return {
    dispatches: (after.dispatches - before.dispatches) / units,
    submits: (after.submits - before.submits) / units,
  };
}

/**
 * Times every kernel that `body` runs on a backend made with `profile`, for each of `units` steps or tokens. `body` has to
 * wait for what it runs.
 */
export async function profileKernels(
  backend: WebGPUBackend,
  units: number,
  body: () => Promise<void>,
): Promise<KernelProfile> {
  await backend.profile(); // what was before
  const start = now();
  await body();
  const wallMs = (now() - start) / units;
  const found = await backend.profile();
  const total = found.reduce((sum, { ms }) => sum + ms, 0);
  const rows = found.map((k) => ({
    ...k,
    calls: k.calls / units,
    ms: k.ms / units,
    share: k.ms / total,
  }));
  return { rows, ms: total / units, wallMs };
}
