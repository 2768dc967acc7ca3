import { MAX_THREADS } from "./control.ts";

/** How many threads a backend will use, and why not more. */
export interface Threads {
  readonly threads: number;
  readonly reason: string | undefined;
}

/** Beyond, a GPT's kernels gain little, and other programs want cores too. */
const AUTO_MAX = 16;

/** Cores that this process may use; at least 1. */
export function parallelism(): number {
  const os = globalThis.process?.getBuiltinModule?.("node:os");
  if (os) return Math.max(1, os.availableParallelism());
  return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** Why kernels cannot be shared among threads here; `undefined` where they can. */
export function obstacle(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined" || globalThis.crossOriginIsolated === false)
    return "there is no shared memory: serve the page with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  try {
    // Answers "not-equal" at once, where it is allowed at all.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
  } catch {
    return "a page's main thread may not block: make the backend in a Worker";
  }
  const node = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (!node && typeof Worker === "undefined") return "this engine has no workers";
  return undefined;
}

/** Throws RangeError unless `wanted` is "auto" or an integer from 1 to 64. */
export function chooseThreads(wanted: number | "auto"): Threads {
  if (wanted !== "auto" && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= MAX_THREADS))
    throw new RangeError(
      `wasm: threads ${wanted} is neither "auto" nor an integer from 1 to ${MAX_THREADS}`,
    );
  if (wanted === 1) return { threads: 1, reason: "one was asked for" };
  const reason = obstacle();
  if (reason) return { threads: 1, reason };
  const cores = parallelism();
  if (wanted === "auto") {
    if (cores === 1) return { threads: 1, reason: "the machine has one core for this process" };
    if (cores <= AUTO_MAX) return { threads: cores, reason: undefined };
    return { threads: AUTO_MAX, reason: `"auto" takes at most ${AUTO_MAX} of ${cores} cores` };
  }
  if (wanted > cores)
    return { threads: wanted, reason: `more than the ${cores} cores, which gains nothing` };
  return { threads: wanted, reason: undefined };
}
