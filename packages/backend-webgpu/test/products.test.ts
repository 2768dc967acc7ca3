import type { Activation, MatmulDims } from "@muladd/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tileRows } from "../src/kernels/linear-cross-entropy.ts";
import { planOf } from "../src/kernels/product-plan.ts";
import { Bench, ROUNDING, TUNINGS } from "./product-bench.ts";
import * as oracle from "./product-oracle.ts";

/** Each operand of a product of halves is off by 2⁻¹¹ of itself. */
const HALF_ROUNDING = 2 * 2 ** -11 + ROUNDING;

const LAYOUTS = [
  { transposeA: false, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: false },
  { transposeA: true, transposeB: true },
] as const;
type Sizes = readonly [batch: number, m: number, k: number, n: number];

/** Sizes, and what they are done by: the names of programs begin so, whatever the layout. */
const CASES: Readonly<Record<keyof typeof TUNINGS, readonly (readonly [RegExp, ...Sizes[]])[]>> = {
  serial: [
    [/^matmul direct 1×8 /, [1, 1, 508, 132], [3, 1, 13, 5], [1, 21, 7, 1]],
    [/^matmul direct 4×8 /, [1, 3, 40, 19], [2, 4, 8, 16], [1, 2, 33, 70]],
    [/^matmul direct 8×4 /, [1, 40, 12, 4], [2, 19, 9, 3]],
    [/^matmul direct 8×8 /, [1, 64, 32, 64], [2, 37, 21, 45], [1, 130, 3, 9]],
  ],
  tree: [
    [/^matmul vector [14] by (32|64|8 × 16) /, [1, 1, 508, 132], [3, 1, 13, 5], [1, 21, 7, 1]],
    [/^matmul vector 4 by (32|64|8 × 16) /, [1, 3, 40, 19], [2, 4, 300, 16]],
    [/^matmul tile 16×128 /, [1, 16, 32, 132], [2, 9, 21, 45]],
    [/^matmul tile 128×16 /, [1, 132, 16, 16], [1, 70, 11, 17]],
    [/^matmul tile 64×64 /, [1, 64, 32, 64], [2, 37, 21, 45]],
    [/^matmul tile 128×128 /, [24, 253, 5, 250]],
  ],
  subgroups: [
    [/^matmul vector [14] by ((32|64) in subgroups|8 × 16) /, [1, 1, 508, 132], [3, 4, 13, 5]],
  ],
};

/** Sizes of few numbers and a long sum: k in parts. */
const SPLIT: Readonly<Record<keyof typeof TUNINGS, readonly Sizes[]>> = {
  serial: [
    [1, 17, 1030, 9],
    [1, 1, 5000, 3],
    [2, 8, 1024, 8],
  ],
  tree: [
    [1, 40, 1030, 41],
    [1, 2, 5000, 3],
    [1, 64, 1024, 64],
    [2, 16, 513, 30],
  ],
  subgroups: [[1, 3, 2051, 6]],
};

const dimsOf = ([batch, m, k, n]: Sizes, layout: (typeof LAYOUTS)[number]): MatmulDims => ({
  ...{ batch, m, k, n },
  ...layout,
});

for (const tuning of Object.keys(TUNINGS) as (keyof typeof TUNINGS)[])
  describe(tuning, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(tuning);
    });
    afterAll(() => bench.backend[Symbol.dispose]());

    for (const [form, ...shapes] of CASES[tuning])
      for (const layout of LAYOUTS)
        it(`${form} with a ${layout.transposeA ? "transposed" : "plain"} and b ${layout.transposeB ? "transposed" : "plain"}`, async () => {
          for (const sizes of shapes) {
            await bench.matmul(dimsOf(sizes, layout));
            const names = await bench.names();
            expect(names).toHaveLength(1);
            expect(names[0]).toMatch(form);
          }
        });

    it("long sums in parts", async () => {
      for (const sizes of SPLIT[tuning])
        for (const layout of LAYOUTS) {
          await bench.matmul(dimsOf(sizes, layout));
          const names = await bench.names();
          expect(names).toHaveLength(2);
          expect(names.filter((name) => name.startsWith("matmul parts"))).toHaveLength(1);
        }
    });

    it("nothing out of nothing", async () => {
      for (const layout of LAYOUTS) {
        for (const sizes of [
          [2, 3, 0, 5],
          [1, 70, 0, 70],
          [1, 1, 0, 1],
        ] as const)
          expect(await bench.matmul(dimsOf(sizes, layout))).toBe(0);
        for (const sizes of [
          [0, 3, 4, 5],
          [1, 0, 4, 5],
          [1, 3, 4, 0],
        ] as const)
          expect(await bench.matmul(dimsOf(sizes, layout))).toBe(0);
      }
    });

    if (tuning !== "subgroups")
      it("more workgroups than a dimension has", async () => {
        await bench.matmul(dimsOf([65_600, 1, 3, 2], LAYOUTS[1]));
      });

    it("k beyond what a lane may sum, of too many numbers to split", async () => {
      await bench.matmul(dimsOf([193, 1, 4099, 3], LAYOUTS[1]));
      const names = await bench.names();
      expect(names).toHaveLength(2);
      expect(names.filter((name) => name.endsWith(" + out"))).toHaveLength(1);
    });

    it("the same bits again", async () => {
      for (const [batch, m, k, n] of [
        [1, 33, 600, 40],
        [1, 1, 600, 40],
      ] as const) {
        const operands = [
          bench.dense([batch, m, n]),
          bench.dense([batch, m, k], bench.numbers(batch * m * k)),
          bench.dense([batch, n, k], bench.numbers(batch * n * k)),
        ] as const;
        const dims = dimsOf([batch, m, k, n], LAYOUTS[1]);
        const bits: Uint32Array[] = [];
        for (let i = 0; i < 3; i++) {
          bench.backend.kernels.matmul(...operands, dims);
          bits.push(new Uint32Array((await bench.backend.read(operands[0].buffer)).buffer));
        }
        expect(bits[1]).toEqual(bits[0]);
        expect(bits[2]).toEqual(bits[0]);
      }
    });

    it.each<[Sizes, Activation | undefined, boolean]>([
      [[1, 1, 12, 20], "geluTanh", true],
      [[1, 3, 9, 21], "gelu", true],
      [[1, 50, 8, 36], "geluTanh", true],
      [[1, 50, 9, 37], "gelu", true],
      [[1, 50, 8, 36], undefined, true],
      [[1, 9, 1100, 33], "geluTanh", true],
      [[1, 36, 1028, 40], undefined, false],
      [[1, 20, 0, 8], "gelu", true],
    ])("linear of %j, %s, slope %s", async ([, m, k, n], activation, whole) => {
      const data = {
        x: bench.numbers(m * k),
        weight: bench.numbers(n * k).map((w) => w / Math.sqrt(Math.max(1, k))),
        bias: bench.numbers(n),
        residual: bench.numbers(m * n),
      };
      const [x, weight] = [bench.dense([m, k], data.x), bench.dense([n, k], data.weight)];
      const bias = whole ? bench.dense([n], data.bias) : undefined;
      const residual = bench.dense([m, n], data.residual);
      const [out, slope] = [bench.dense([m, n]), activation && bench.dense([m, n])];
      bench.backend.kernels.linear!(out, slope, x, weight, bias, residual, activation);
      const found = await bench.backend.read(out.buffer);
      const slopes = slope && (await bench.backend.read(slope.buffer));
      const dims = dimsOf([1, m, k, n], LAYOUTS[1]);
      for (const [i, v] of oracle.matmul(data.x, data.weight, dims).values.entries()) {
        const total = v + (whole ? data.bias[i % n]! : 0);
        // erf is good to 1.5e-7, of numbers below 10; the sums to a few units in the last place.
        expect(found[i]).toBeCloseTo(oracle.activate(activation, total) + data.residual[i]!, 5);
        if (slopes) expect(slopes[i]).toBeCloseTo(oracle.slope(activation!, total), 5);
      }
    });

    it("cross-entropy of hidden states: odd vocabularies, targets ignored, and outside", async () => {
      const [rows, C, V, scale] = [37, 10, 135, 0.25];
      const targets = Array.from({ length: rows }, (_, r) => (r % 5 === 0 ? -1 : (r * 29) % V));
      const hidden = bench.numbers(rows * C);
      const weight = bench.numbers(V * C);
      const run = (goals: readonly number[]) => {
        const operands = [bench.dense([]), bench.dense([rows, C]), bench.dense([V, C])] as const;
        bench.backend.kernels.linearCrossEntropy!(
          ...operands,
          bench.dense([rows, C], hidden),
          bench.dense([V, C], weight),
          bench.dense([rows], goals, "i32"),
          scale,
        );
        return Promise.all(operands.map(({ buffer }) => bench.backend.read(buffer)));
      };
      const [loss, dhidden, dweight] = await run(targets);
      const expected = oracle.linearCrossEntropy({ hidden, weight, targets, C, V, scale });
      expect(loss![0]).toBeCloseTo(expected.loss, 4); // of about 40
      for (const [i, v] of expected.dhidden.entries()) expect(dhidden![i]).toBeCloseTo(v, 5);
      for (const [i, v] of expected.dweight.entries()) expect(dweight![i]).toBeCloseTo(v, 5);
      const [outside] = await run(targets.with(3, V));
      expect(outside![0]).toBeNaN();
    });
  });

describe("rows of hidden states", () => {
  it("go through tiles of logits, in order", async () => {
    const bench = await Bench.open("serial");
    using backend = bench.backend;
    const [rows, C, V, scale] = [259, 3, 16_387, 1];
    const targets = Array.from({ length: rows }, (_, r) => (r * 63) % V);
    const [hidden, weight] = [bench.numbers(rows * C), bench.numbers(V * C)];
    const [loss, dhidden, dweight] = [bench.dense([]), bench.dense([rows, C]), bench.dense([V, C])];
    const before = backend.memory.peakBytes;
    const inputs = [bench.dense([rows, C], hidden), bench.dense([V, C], weight)] as const;
    const ids = bench.dense([rows], targets, "i32");
    backend.kernels.linearCrossEntropy!(loss, dhidden, dweight, ...inputs, ids, scale);
    // Two tiles of 130 and 129 rows: half the logits at once, and a little.
    expect(backend.memory.peakBytes - before).toBeLessThan(0.6 * 4 * rows * V);
    const expected = oracle.linearCrossEntropy({ hidden, weight, targets, C, V, scale });
    expect((await backend.read(loss.buffer))[0]! / expected.loss).toBeCloseTo(1, 6);
    const [dx, dw] = [await backend.read(dhidden.buffer), await backend.read(dweight.buffer)];
    for (const [i, v] of expected.dhidden.entries()) expect(dx[i]).toBeCloseTo(v, 5);
    for (const [i, v] of expected.dweight.entries()) expect(dw[i]).toBeCloseTo(v, 5);
  });

  it("fill few tiles evenly, inside the device's limits", () => {
    const facts = { maxBufferBytes: 2 ** 28, maxBindingBytes: 2 ** 27 };
    expect(tileRows({ serial: false, facts }, 4096, 50_260)).toBe(586); // 7 tiles, of 667 rows at most
    expect(tileRows({ serial: true, facts }, 1000, 50_260)).toBe(250);
    expect(tileRows({ serial: true, facts }, 1000, 68)).toBe(1000);
    expect(
      tileRows({ serial: false, facts: { ...facts, maxBindingBytes: 2 ** 20 } }, 100, 50_260),
    ).toBe(5);
    expect(tileRows({ serial: false, facts }, 0, 68)).toBe(0);
  });
});

describe("f16 products", () => {
  it("round operands to halves where the adapter has them, and else leave a note", async () => {
    const bench = await Bench.open("tree", { products: "f16" });
    using backend = bench.backend;
    const half = backend.facts.f16;
    expect(backend.notes.filter((note) => note.startsWith("f16 products"))).toHaveLength(
      half ? 0 : 1,
    );
    for (const sizes of [
      [1, 64, 300, 64],
      [1, 45, 33, 39],
      [1, 9, 21, 45],
      [24, 253, 5, 250],
    ] as const)
      for (const layout of LAYOUTS) {
        const worst = await bench.matmul(dimsOf(sizes, layout), half ? HALF_ROUNDING : ROUNDING);
        if (half) expect(worst).toBeGreaterThan(ROUNDING);
        const [name] = (await bench.names()).filter((n) => n.startsWith("matmul tile"));
        expect(name!.includes("f16")).toBe(half);
      }
  });
});

describe("the plan of a product", () => {
  const hardware = { serial: false, subgroups: true, halfProducts: false };
  const plan = ([batch, m, k, n]: Sizes, transposeA = false, transposeB = true) => {
    const { form, parts } = planOf(hardware, { batch, m, k, n, transposeA, transposeB });
    return [form.key, parts];
  };

  it("suits the shapes of GPT-2", () => {
    const rows = 4 * 1024;
    expect(plan([1, rows, 768, 2304])).toEqual(["tile 128×128", 1]);
    expect(plan([1, rows, 3072, 768])).toEqual(["tile 128×128", 1]);
    expect(plan([1, 768, rows, 768], true, false)).toEqual(["tile 64×64", 3]);
    expect(plan([1, 1, 768, 50_257])).toEqual(["vector 1 by 64 in subgroups", 1]);
    expect(plan([1, 586, 50_257, 768], false, false)).toEqual(["tile 64×64", 13]);
  });

  it("keeps parts within their memory", () => {
    for (const k of [2 ** 18, 2 ** 22])
      for (const n of [64, 512, 700]) {
        const [, parts] = plan([1, n, k, n], true, false);
        expect(Number(parts) * n * n).toBeLessThanOrEqual(2 ** 24);
      }
  });
});
