import type { Backend } from "@muladd/tensor";
import { type Contestant, timeRounds } from "./rounds.ts";

/** How much of a step is none of the kernels' work. */
export interface Overhead {
  /** Milliseconds of the same step with kernels that do nothing. */
  readonly ms: number;
  /** Of the whole step. */
  readonly share: number;
  /** For each op that runs a kernel. */
  readonly microsPerDispatch: number;
}

/**
 * The same backend with kernels that do nothing and numbers that are all 0: what is left of a step is the models, the tape,
 * the door, allocation, and drawing the batch. A backend's own code before a kernel is gone with the kernel.
 */
export function withoutKernels(backend: Backend): Backend {
  const names = Object.keys(backend.kernels) as (keyof Backend["kernels"])[];
  const kernels = Object.fromEntries(names.map((name) => [name, () => {}]));
  return {
    name: backend.name,
    limits: backend.limits,
    get memory() {
      return backend.memory;
    },
    kernels: kernels as unknown as Backend["kernels"], // as many as there were, each for any arguments
    alloc: (elements, dtype) => backend.alloc(elements, dtype),
    free: (buffer) => backend.free(buffer),
    write: (buffer, data) => backend.write(buffer, data),
    read: async (buffer) => (await backend.read(buffer)).fill(0),
    [Symbol.dispose]: () => backend[Symbol.dispose](),
  };
}

/** Times a step whose kernels do nothing, of `stepMs` otherwise and with as many `dispatches`. */
export async function measureOverhead(
  step: Contestant,
  { seconds, stepMs, dispatches }: { seconds: number; stepMs: number; dispatches: number },
): Promise<Overhead> {
  const [timing] = await timeRounds([step], { seconds });
  const ms = timing!.median;
  return { ms, share: ms / stepMs, microsPerDispatch: (1000 * ms) / dispatches };
}
