import { reference } from "@muladd/backend-reference";
import type { Backend, TypedArray } from "@muladd/tensor";
import { stressCall } from "./stress-calls.ts";
import type { Call } from "./stress-draw.ts";

/** Backends that must agree to the bit: one on any number of threads. */
export type Twins = Readonly<Record<string, Backend>>;

export interface StressOptions {
  readonly seed: number;
  readonly first?: number;
  readonly cases: number;
  /**
   * True: no NaN and no infinities are drawn, for devices that may compute as if there were none.
   * https://www.w3.org/TR/WGSL/#floating-point-evaluation
   */
  readonly finite?: boolean;
}

/**
 * Runs kernels on random shapes and layouts, sizes 0 and 1, NaN and infinities among them: the first of each group of twins
 * against the float64 oracle, the others against the first, bit for bit. Throws an Error that names seed, case and shapes at
 * the first difference; the same seed and case give the same call.
 */
export async function stress(
  groups: readonly Twins[],
  { seed, first = 0, cases, finite = false }: StressOptions,
): Promise<void> {
  using oracle = reference({ precision: "f64" });
  for (let index = first; index < first + cases; index++) {
    const call = stressCall(seed, index, finite);
    const expected = (await compute(oracle, call))!;
    for (const twins of groups) {
      let alone: readonly TypedArray[] | undefined;
      for (const [name, backend] of Object.entries(twins)) {
        const again = `seed: ${seed}, first: ${index}, cases: 1${finite ? ", finite: true" : ""}`;
        const where = `stress({ ${again} }): ${name}, ${call.name}`;
        const found = await compute(backend, call).catch((cause) => {
          throw new Error(`${where}: ${cause}`, { cause });
        });
        if (!found) continue;
        const wrong = alone
          ? firstDifference(found, alone, 0)
          : firstDifference(found, expected, call.tolerance);
        if (wrong)
          throw new Error(`${where}: ${wrong}${alone ? " on the first of its twins" : ""}`);
        alone ??= found;
      }
    }
  }
}

/** The results of a call; `undefined` where the backend has not its kernel. Leaves nothing allocated. */
async function compute(backend: Backend, call: Call): Promise<readonly TypedArray[] | undefined> {
  const operands = call.operands.map(({ shape, dtype, data }) => {
    const buffer = backend.alloc(data.length, dtype);
    backend.write(buffer, data);
    return { buffer, shape, dtype };
  });
  try {
    if (!call.run(backend.kernels, operands)) return undefined;
    return await Promise.all(call.results.map((at) => backend.read(operands[at]!.buffer)));
  } finally {
    for (const { buffer } of operands) backend.free(buffer);
  }
}

/** A tolerance of 0 wants the same number; NaN equals NaN, and an infinity itself only. */
function firstDifference(
  found: readonly TypedArray[],
  expected: readonly TypedArray[],
  tolerance: number,
): string | undefined {
  if (tolerance === Infinity) return undefined;
  for (const [r, right] of expected.entries()) {
    let most = 1;
    for (const x of right) if (Math.abs(x) > most && Math.abs(x) < Infinity) most = Math.abs(x);
    const actual = found[r]!;
    for (let i = 0; i < right.length; i++) {
      const [a, b] = [actual[i]!, right[i]!];
      if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      if (!(Math.abs(a - b) <= tolerance * most))
        return `result ${r}, element ${i} is ${a}, and ${b}`;
    }
  }
  return undefined;
}
