import {
  type BinaryName,
  type BufferId,
  fillUniform,
  type Kernels,
  type TypedArray,
  type UnaryName,
} from "@muladd/tensor";
import { erf } from "./special.ts";
import { walk } from "./walk.ts";

/** What each kernel must compute, in the fewest words: loops over typed arrays, sums in double precision. */
export function kernels(memory: (buffer: BufferId) => TypedArray): Kernels {
  return {
    fill(out, start, step) {
      const o = memory(out.buffer);
      for (let i = 0; i < o.length; i++) o[i] = start + step * i;
    },
    copy(out, x) {
      const o = memory(out.buffer);
      const a = memory(x.buffer);
      const convert = out.dtype === "i32" && x.dtype === "f32" ? toInt : (v: number) => v;
      walk([out, x], ([io, ix]) => {
        o[io!] = convert(a[ix!]!);
      });
    },
    unary(op, out, x, c) {
      const o = memory(out.buffer);
      const a = memory(x.buffer);
      const f = UNARY[op];
      for (let i = 0; i < o.length; i++) o[i] = f(a[i]!, c);
    },
    binary(op, out, a, b) {
      const o = memory(out.buffer);
      const x = memory(a.buffer);
      const y = memory(b.buffer);
      const f = BINARY[op];
      let i = 0;
      walk([a, b], ([ia, ib]) => {
        o[i++] = f(x[ia!]!, y[ib!]!);
      });
    },
    select(out, mask, a, b) {
      const o = memory(out.buffer);
      const m = memory(mask.buffer);
      const x = memory(a.buffer);
      const y = memory(b.buffer);
      let i = 0;
      walk([mask, a, b], ([im, ia, ib]) => {
        o[i++] = m[im!] !== 0 ? x[ia!]! : y[ib!]!;
      });
    },
    reduce(op, out, x, [outer, n, inner]) {
      const o = memory(out.buffer);
      const a = memory(x.buffer);
      for (let i = 0; i < outer; i++)
        for (let j = 0; j < inner; j++) {
          let total = op === "sum" ? 0 : -Infinity;
          for (let r = 0; r < n; r++) {
            const v = a[(i * n + r) * inner + j]!;
            total = op === "sum" ? total + v : Math.max(total, v);
          }
          o[i * inner + j] = total;
        }
    },
    matmul(out, a, b, { batch, m, k, n, transposeA, transposeB }) {
      const o = memory(out.buffer);
      const x = memory(a.buffer);
      const y = memory(b.buffer);
      const [am, ak] = transposeA ? [1, m] : [k, 1];
      const [bk, bn] = transposeB ? [1, k] : [n, 1];
      for (let s = 0; s < batch; s++)
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) {
            let total = 0;
            let ia = s * m * k + i * am;
            let ib = s * k * n + j * bn;
            for (let p = 0; p < k; p++) {
              total += x[ia]! * y[ib]!;
              ia += ak;
              ib += bk;
            }
            o[(s * m + i) * n + j] = total;
          }
    },
    gather(out, table, ids) {
      const o = memory(out.buffer);
      const t = memory(table.buffer);
      const [rows, width] = table.shape as [number, number];
      memory(ids.buffer).forEach((id, i) => {
        const missing = id < 0 || id >= rows;
        for (let c = 0; c < width; c++)
          o[i * width + c] = missing ? Number.NaN : t[id * width + c]!;
      });
    },
    scatterAdd(out, rows, ids) {
      const o = memory(out.buffer);
      const r = memory(rows.buffer);
      const [length, width] = out.shape as [number, number];
      memory(ids.buffer).forEach((id, i) => {
        if (id < 0 || id >= length) return;
        for (let c = 0; c < width; c++) o[id * width + c]! += r[i * width + c]!;
      });
    },
    uniform(out, key, counter) {
      fillUniform(memory(out.buffer) as Float32Array | Float64Array, key, counter);
    },
  };
}

const toInt = (x: number) =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -(2 ** 31)), 2 ** 31 - 1));

const UNARY: Record<UnaryName, (x: number, c: number) => number> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  rsqrt: (x) => 1 / Math.sqrt(x),
  erf,
  sin: Math.sin,
  cos: Math.cos,
  scale: (x, c) => x * c,
  shift: (x, c) => x + c,
};

const BINARY: Record<BinaryName, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  greaterEqual: (a, b) => Number(a >= b),
  equal: (a, b) => Number(a === b),
};
