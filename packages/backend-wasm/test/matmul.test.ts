import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, TOLERANCE, tested, worst } from "./harness.ts";
import * as oracle from "./oracle.ts";

const curves = {
  gelu: { value: oracle.gelu, slope: oracle.geluSlope },
  geluTanh: { value: oracle.geluTanh, slope: oracle.geluTanhSlope },
};
const EDGES = [0, 1, 3, 5, 17, 33, 257];

describe.each(tested)("%s", (variant) => {
  let t: Awaited<ReturnType<typeof Bench.open>>;
  beforeAll(async () => {
    t = await Bench.open(variant, 2);
  });
  afterAll(() => t.backend[Symbol.dispose]());

  /** The worst error over √k, since each product's sum of k roundings grows so. */
  async function check(dims: Parameters<typeof oracle.matmul>[2]): Promise<void> {
    const { batch, m, k, n } = dims;
    const [a, b] = [t.numbers(batch * m * k), t.numbers(batch * k * n)];
    const operands = [t.dense([batch, m, k], a), t.dense([batch, k, n], b), t.out([batch, m, n])];
    t.backend.kernels.matmul(operands[2]!, operands[0]!, operands[1]!, dims);
    const error = worst(await t.read(operands[2]!), oracle.matmul(a, b, dims));
    expect(error / Math.sqrt(Math.max(1, k)), JSON.stringify(dims)).toBeLessThan(TOLERANCE);
    for (const { buffer } of operands) t.backend.free(buffer);
  }

  for (const transposeA of [false, true])
    for (const transposeB of [false, true]) {
      const layout = `${transposeA ? "T" : "N"}${transposeB ? "T" : "N"}`;
      it(`multiplies ${layout} at all edges`, async () => {
        for (const m of EDGES)
          for (const n of EDGES)
            for (const k of EDGES)
              if (m * n * k < 257 * 257 * 34)
                await check({ batch: 1, m, k, n, transposeA, transposeB });
      });

      it(`multiplies ${layout} beyond one block of rows, columns and depth`, async () => {
        await check({ batch: 1, m: 389, k: 35, n: 70, transposeA, transposeB });
        await check({ batch: 1, m: 19, k: 21, n: 2077, transposeA, transposeB });
        await check({ batch: 1, m: 26, k: 777, n: 37, transposeA, transposeB });
        await check({ batch: 1, m: 5, k: 517, n: 1101, transposeA, transposeB });
      });

      it(`multiplies ${layout} in batches`, async () => {
        await check({ batch: 7, m: 2, k: 3, n: 4, transposeA, transposeB });
        await check({ batch: 5, m: 16, k: 32, n: 16, transposeA, transposeB });
        await check({ batch: 3, m: 33, k: 0, n: 5, transposeA, transposeB });
        await check({ batch: 0, m: 3, k: 4, n: 5, transposeA, transposeB });
        await check({ batch: 3, m: 1, k: 20, n: 9, transposeA, transposeB });
        await check({ batch: 3, m: 9, k: 20, n: 1, transposeA, transposeB });
      });
    }

  it("gives the same bits again", async () => {
    const [m, k, n] = [65, 300, 77];
    const [a, b] = [t.dense([m, k], t.numbers(m * k)), t.dense([k, n], t.numbers(k * n))];
    const results: number[][] = [];
    for (let i = 0; i < 3; i++) {
      const out = t.out([m, n]);
      t.backend.kernels.matmul(out, a, b, {
        batch: 1,
        m,
        k,
        n,
        transposeA: false,
        transposeB: false,
      });
      results.push(await t.read(out));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it("lets NaN and infinity reach exactly the rows and columns they touch", async () => {
    const [m, k, n] = [13, 9, 21];
    const [a, b] = [t.numbers(m * k), t.numbers(k * n)];
    a[4 * k + 2] = Number.NaN;
    b[3 * n + 20] = Number.POSITIVE_INFINITY;
    const dims = { batch: 1, m, k, n, transposeA: false, transposeB: false };
    const out = t.out([m, n]);
    t.backend.kernels.matmul(out, t.dense([m, k], a), t.dense([k, n], b), dims);
    expect(worst(await t.read(out), oracle.matmul(a, b, dims))).toBeLessThan(TOLERANCE * 3);
  });

  it("computes linear with all that it may end in, in every path", async () => {
    for (const [rows, I, O] of [
      [1, 1, 1],
      [1, 64, 65],
      [2, 7, 3],
      [5, 33, 10],
      [64, 32, 96],
      [65, 300, 13],
      [50, 20, 1],
      [9, 0, 4],
      [0, 5, 5],
      [60, 400, 600],
    ] as const)
      for (const [biased, added, activation] of [
        [false, false, undefined],
        [true, false, undefined],
        [true, true, "gelu"],
        [false, true, "geluTanh"],
      ] as const) {
        const [x, w, b] = [t.numbers(rows * I), t.numbers(O * I), t.numbers(O)];
        const r = t.numbers(rows * O);
        const [out, slope] = [t.out([1, rows, O]), t.out([1, rows, O])];
        t.backend.kernels.linear!(
          out,
          activation && slope,
          t.dense([1, rows, I], x),
          t.dense([O, I], w),
          biased ? t.dense([O], b) : undefined,
          added ? t.dense([1, rows, O], r) : undefined,
          activation,
        );
        const expected = oracle.matmul(x, w, {
          batch: 1,
          m: rows,
          k: I,
          n: O,
          transposeA: false,
          transposeB: true,
        });
        const sums = expected.map((v, i) => (biased ? v + b[i % O]! : v));
        const right = sums
          .map(activation ? curves[activation].value : (v) => v)
          .map((v, i) => (added ? v + r[i]! : v));
        const roundings = Math.sqrt(Math.max(1, I));
        expect(worst(await t.read(out), right) / roundings).toBeLessThan(TOLERANCE);
        if (!activation) continue;
        const slopes = sums.map(curves[activation].slope);
        expect(worst(await t.read(slope), slopes) / roundings).toBeLessThan(TOLERANCE);
      }
  });
});
