import type { PackedFormat } from "../backend.ts";
import {
  add,
  cast,
  concat,
  full,
  gather,
  greaterEqual,
  mul,
  permute,
  reshape,
  slice,
  sub,
} from "../functions.ts";
import { halves } from "../half.ts";
import { tidy } from "../memory.ts";
import { Tensor } from "../tensor.ts";
import { GROUP } from "./formats.ts";

/** 1 where x is negative, else 0. i32. */
const negative = (x: Tensor): Tensor => greaterEqual(full(x.backend, [], -1, "i32"), x);

/**
 * The lowest `count` fields of `bits` bits, as whole numbers from 0 on. A product by a power of two wraps, and what stays
 * above has few bits, so that float32 holds it exactly; so has what a field leaves when `bits` is 8 or more, or x small.
 */
function fields(x: Tensor, bits: number, count: number): Tensor[] {
  const up = 2 ** (32 - bits);
  let rest = x;
  return Array.from({ length: count }, () => {
    const signed = cast(mul(cast(mul(rest, up), "f32"), 1 / up), "i32");
    const field = add(signed, mul(negative(signed), 2 ** bits));
    rest = cast(mul(cast(sub(rest, field), "f32"), 2 ** -bits), "i32");
    return field;
  });
}

/** (R, W) each → (R, W, F): the fields side by side. */
const joined = (parts: readonly Tensor[]): Tensor =>
  concat(
    parts.map((t) => reshape(t, [...t.shape, 1])),
    2,
  );

/** What packed rows stand for, by the ten basic kernels: words (R, …) i32, scales (R, groups) → (R, columns) f32. */
export function unpackRows(
  format: PackedFormat,
  words: Tensor,
  scales: Tensor | undefined,
  columns: number,
): Tensor {
  return tidy(() => {
    const rows = words.shape[0]!;
    if (!scales) {
      const table = Tensor.from(words.backend, halves(format as "f16" | "bf16"), [65536, 1]);
      const all = gather(table, joined(fields(words, 16, 2)));
      return slice(reshape(all, [rows, words.shape[1]! * 2]), 1, 0, columns);
    }
    const groups = scales.shape[1]!;
    const q = format === "int8" ? signedBytes(words) : nibbles(words, rows, groups);
    const scaled = mul(
      reshape(cast(q, "f32"), [rows, groups, GROUP]),
      reshape(scales, [rows, groups, 1]),
    );
    return slice(reshape(scaled, [rows, groups * GROUP]), 1, 0, columns);
  });
}

function signedBytes(words: Tensor): Tensor {
  const bytes = joined(fields(words, 8, 4));
  const large = greaterEqual(bytes, full(words.backend, [], 128, "i32"));
  return add(bytes, mul(large, -256));
}

/** Halves first, since 28 bits would not fit float32. */
function nibbles(words: Tensor, rows: number, groups: number): Tensor {
  const all = joined(fields(words, 16, 2).flatMap((half) => fields(half, 4, 4)));
  const halvesLast = reshape(all, [rows, groups, 4, 4, 2]); // word, byte, nibble
  return add(permute(halvesLast, [0, 1, 4, 2, 3]), -8);
}
