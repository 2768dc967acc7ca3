import { type Dense, denseStrides, type Kernels, size, type View } from "@muladd/tensor";
import { BINARY, BINARY_I32, BINARY_OTHER, CONVERSION, UNARY } from "./codes.ts";
import type { Exports } from "./load.ts";
import { TABLE, type WasmMemory } from "./memory.ts";
import { Walk } from "./walk.ts";

/** The bits of NaN, and of nothing. */
const NAN = 0x7fc00000;

/** The ten kernels, over a module and its memory. */
export function kernels(e: Exports, memory: WasmMemory): Kernels {
  const walk = new Walk();
  const { sizes } = walk;
  const [s0, s1, s2, s3] = walk.strides as [Int32Array, Int32Array, Int32Array, Int32Array];
  const at = (x: Dense): number => memory.address(x.buffer);
  const start = (x: View): number => memory.address(x.buffer) + x.offset * 4;
  const matmulScratch = e.matmul_scratch();

  return {
    fill(out, first, step) {
      const fill = out.dtype === "i32" ? e.fill_i32 : e.fill_f32;
      fill(at(out), size(out.shape), first, step);
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
        e.copy_transposed_32(
          start(out),
          start(x),
          sizes[1]!,
          sizes[0]!,
          s0[1]!,
          s1[0]!,
          TABLE,
          axes,
        );
        return;
      }
      const axes = walk.write(memory.words, 1);
      e.copy(how, start(out), start(x), sizes[0]!, s0[0]!, s1[0]!, TABLE, axes);
    },

    unary(op, out, x, c) {
      const unary = x.dtype === "i32" ? e.unary_i32 : e.unary_f32;
      unary(UNARY[op], at(out), at(x), size(out.shape), c);
    },

    binary(op, out, a, b) {
      walk.plan(out.shape, denseStrides(out.shape), a.strides, b.strides);
      if (walk.elements === 0) return;
      const code =
        BINARY[op] +
        (a.dtype === "i32" ? BINARY_I32 : 0) +
        (out.dtype === a.dtype ? 0 : BINARY_OTHER);
      const axes = walk.write(memory.words, 1);
      e.binary(code, at(out), start(a), start(b), sizes[0]!, s1[0]!, s2[0]!, TABLE, axes);
    },

    select(out, mask, a, b) {
      walk.plan(out.shape, denseStrides(out.shape), mask.strides, a.strides, b.strides);
      if (walk.elements === 0) return;
      const axes = walk.write(memory.words, 1);
      e.select_32(
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
      );
    },

    reduce(op, out, x, [outer, n, inner]) {
      const reduce =
        x.dtype === "i32"
          ? op === "sum"
            ? e.sum_i32
            : e.max_i32
          : op === "sum"
            ? e.sum_f32
            : e.max_f32;
      reduce(at(out), at(x), outer, n, inner);
    },

    matmul(out, a, b, { batch, m, k, n, transposeA, transposeB }) {
      if (m === 0 || n === 0) return;
      const scratch = memory.scratch(matmulScratch);
      e.matmul_f32(
        at(out),
        at(a),
        at(b),
        0,
        batch,
        m,
        k,
        n,
        transposeA ? 1 : 0,
        transposeB ? 1 : 0,
        scratch,
      );
    },

    gather(out, table, ids) {
      const [V, C] = table.shape as [number, number];
      const missing = table.dtype === "f32" ? NAN : 0;
      e.gather_32(at(out), at(table), at(ids), size(ids.shape), V, C, missing);
    },

    scatterAdd(out, rows, ids) {
      const [V, C] = out.shape as [number, number];
      const scatter = out.dtype === "i32" ? e.scatter_add_i32 : e.scatter_add_f32;
      scatter(at(out), at(rows), at(ids), size(ids.shape), V, C);
    },

    uniform(out, [k0, k1], counter) {
      e.uniform_f32(at(out), 0, size(out.shape), k0, k1, counter);
    },
  };
}
