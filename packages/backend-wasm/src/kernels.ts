import { type Dense, denseStrides, type Kernels, size, type View } from "@muladd/tensor";
import { BINARY, BINARY_I32, BINARY_OTHER, CONVERSION, UNARY } from "./codes.ts";
import type { Runner } from "./crew.ts";
import { TABLE, type WasmMemory } from "./memory.ts";
import type { Product } from "./product.ts";
import { type Split, STEP } from "./split.ts";
import { innerStep, stridedSplit } from "./strided-split.ts";
import { Walk } from "./walk.ts";

/** The bits of NaN, and of nothing. */
const NAN = 0x7fc00000;

/** Nanoseconds an element on one thread, about. */
const UNARY_COST = { neg: 0.4, scale: 0.4, shift: 0.4, rsqrt: 0.6, log: 1.9, sin: 2.5, cos: 2.5 };

/** Elements, 16 at a time: one cache line. */
const each = (units: number, cost: number, steps: readonly number[]): Split => ({
  units,
  block: 16,
  nanoseconds: units * cost,
  steps,
});

/** The ten kernels, over a module and its memory. */
export function kernels(runner: Runner, memory: WasmMemory, multiply: Product): Kernels {
  const walk = new Walk();
  const { sizes } = walk;
  const [s0, s1, s2, s3] = walk.strides as [Int32Array, Int32Array, Int32Array, Int32Array];
  const at = (x: Dense): number => memory.address(x.buffer);
  const start = (x: View): number => memory.address(x.buffer) + x.offset * 4;
  const { count, first, own } = STEP;

  return {
    fill(out, value, step) {
      const n = size(out.shape);
      const split = step === 0 ? each(n, 0.3, [4, count, 0, 0]) : undefined;
      runner.run(out.dtype === "i32" ? "fill_i32" : "fill_f32", [at(out), n, value, step], split);
    },

    copy(out, x) {
      walk.plan(out.shape, out.strides, x.strides);
      if (walk.elements === 0) return;
      const how =
        out.dtype === x.dtype
          ? CONVERSION.bits
          : out.dtype === "i32"
            ? CONVERSION.toI32
            : CONVERSION.toF32;
      // Innermost: where `out` is contiguous. Next: where `x` is, if that is another axis.
      let inner = 0;
      for (let i = 0; i < walk.axes; i++) if (s0[i] === 1) inner = i;
      walk.swap(0, inner);
      let other = 0;
      if (s0[0] === 1 && s1[0]! > 1 && how === CONVERSION.bits)
        for (let i = 1; i < walk.axes; i++) if (s1[i] === 1) other = i;
      if (other > 0) {
        walk.swap(1, other);
        const axes = walk.write(memory.words, 2);
        runner.run(
          "copy_transposed_32",
          [start(out), start(x), sizes[1]!, sizes[0]!, s0[1]!, s1[0]!, TABLE, axes],
          stridedSplit(walk, 2, 2, 0.8, (bytes, cut) => [
            bytes(0),
            bytes(1),
            innerStep(1, cut),
            innerStep(0, cut),
            0,
            0,
            own,
            0,
          ]),
        );
        return;
      }
      const axes = walk.write(memory.words, 1);
      runner.run(
        "copy",
        [how, start(out), start(x), sizes[0]!, s0[0]!, s1[0]!, TABLE, axes],
        stridedSplit(walk, 2, 1, 0.4, (bytes, cut) => [
          0,
          bytes(0),
          bytes(1),
          innerStep(0, cut),
          0,
          0,
          own,
          0,
        ]),
      );
    },

    unary(op, out, x, c) {
      const n = size(out.shape);
      const cost = (UNARY_COST as Record<string, number>)[op] ?? 0.9;
      runner.run(
        x.dtype === "i32" ? "unary_i32" : "unary_f32",
        [UNARY[op], at(out), at(x), n, c],
        each(n, cost, [0, 4, 4, count, 0]),
      );
    },

    binary(op, out, a, b) {
      walk.plan(out.shape, denseStrides(out.shape), a.strides, b.strides);
      if (walk.elements === 0) return;
      const code =
        BINARY[op] +
        (a.dtype === "i32" ? BINARY_I32 : 0) +
        (out.dtype === a.dtype ? 0 : BINARY_OTHER);
      const axes = walk.write(memory.words, 1);
      runner.run(
        "binary",
        [code, at(out), start(a), start(b), sizes[0]!, s1[0]!, s2[0]!, TABLE, axes],
        stridedSplit(walk, 3, 1, 0.5, (bytes, cut) => [
          0,
          bytes(0),
          bytes(1),
          bytes(2),
          innerStep(0, cut),
          0,
          0,
          own,
          0,
        ]),
      );
    },

    select(out, mask, a, b) {
      walk.plan(out.shape, denseStrides(out.shape), mask.strides, a.strides, b.strides);
      if (walk.elements === 0) return;
      const axes = walk.write(memory.words, 1);
      runner.run(
        "select_32",
        [
          mask.dtype === "f32" ? 1 : 0,
          at(out),
          start(mask),
          start(a),
          start(b),
          sizes[0]!,
          s1[0]!,
          s2[0]!,
          s3[0]!,
          TABLE,
          axes,
        ],
        stridedSplit(walk, 4, 1, 0.6, (bytes, cut) => [
          0,
          bytes(0),
          bytes(1),
          bytes(2),
          bytes(3),
          innerStep(0, cut),
          0,
          0,
          0,
          own,
          0,
        ]),
      );
    },

    reduce(op, out, x, [outer, n, inner]) {
      const kernel = `${op}_${x.dtype}` as const;
      const rows = outer >= inner;
      const cost = x.dtype === "i32" ? 0.6 : 0.15;
      runner.run(kernel, [at(out), at(x), outer, n, inner, inner], {
        units: rows ? outer : inner,
        block: rows ? 1 : 16,
        nanoseconds: outer * n * inner * cost,
        steps: rows ? [inner * 4, n * inner * 4, count, 0, 0, 0] : [4, 4, 0, 0, 0, count],
      });
    },

    matmul(out, a, b, { batch, m, k, n, transposeA, transposeB }) {
      multiply(at(out), at(a), at(b), batch, m, k, n, transposeA, transposeB);
    },

    gather(out, table, ids) {
      const [V, C] = table.shape as [number, number];
      const n = size(ids.shape);
      runner.run(
        "gather_32",
        [at(out), at(table), at(ids), n, V, C, table.dtype === "f32" ? NAN : 0],
        { units: n, block: 1, nanoseconds: n * C * 0.4, steps: [C * 4, 0, 4, count, 0, 0, 0] },
      );
    },

    scatterAdd(out, rows, ids) {
      const [V, C] = out.shape as [number, number];
      const n = size(ids.shape);
      runner.run(
        out.dtype === "i32" ? "scatter_add_i32" : "scatter_add_f32",
        [at(out), at(rows), at(ids), n, V, C, C],
        each(C, n * 0.5, [4, 4, 0, 0, 0, 0, count]),
      );
    },

    uniform(out, [k0, k1], counter) {
      const n = size(out.shape);
      runner.run(
        "uniform_f32",
        [at(out), 0, n, k0, k1, counter],
        each(n, 2.5, [4, first, count, 0, 0, 0]),
      );
    },
  };
}
