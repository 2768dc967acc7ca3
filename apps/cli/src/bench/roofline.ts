import type { Backend, Dense } from "@muladd/tensor";
import { matmulRate } from "./matmul.ts";
import { settle, timeRounds } from "./rounds.ts";
import type { Work } from "./work.ts";

/**
 * What this machine reaches with this backend, threads and all: no op can be faster than both allow. Williams et al. 2009,
 * https://doi.org/10.1145/1498765.1498785
 */
export interface Roofline {
  /** FLOP/s of products whose operands fit the caches. */
  readonly flops: number;
  /** Bytes/s of sums of two arrays that do not. What the caches hold may come faster. */
  readonly bandwidth: number;
}

const CACHED = [
  { m: 256, n: 256, k: 128 },
  { m: 512, n: 512, k: 512 },
] as const;
/** Three arrays of 64 MB. */
const ELEMENTS = 2 ** 24;

/** Measures the roofline in about `seconds`. Takes 192 MB of device memory meanwhile. */
export async function measureRoofline(backend: Backend, seconds: number): Promise<Roofline> {
  let flops = 0;
  for (const product of CACHED)
    flops = Math.max(flops, await matmulRate(backend, seconds / 3, product));
  return { flops, bandwidth: await bandwidth(backend, seconds / 3) };
}

async function bandwidth(backend: Backend, seconds: number): Promise<number> {
  const arrays: Dense[] = [];
  try {
    for (let i = 0; i < 3; i++) {
      const buffer = backend.alloc(ELEMENTS, "f32");
      arrays.push({ buffer, shape: [ELEMENTS], dtype: "f32" });
      backend.kernels.fill(arrays[i]!, 1, 0);
    }
    const [out, a, b] = arrays as [Dense, Dense, Dense];
    const view = (x: Dense) => ({ ...x, strides: [1], offset: 0 });
    const sum = {
      run(times: number) {
        for (let i = 0; i < times; i++) backend.kernels.binary("add", out, view(a), view(b));
        return settle(backend);
      },
    };
    const [timing] = await timeRounds([sum], { seconds });
    return (3 * 4 * ELEMENTS) / (timing!.min / 1000);
  } finally {
    for (const { buffer } of arrays) backend.free(buffer);
  }
}

/** Milliseconds that the roofline leaves for some work. */
export const roofMs = ({ flop, bytes }: Work, { flops, bandwidth }: Roofline): number =>
  1000 * Math.max(flop / flops, bytes / bandwidth);
