import type { PackedFormat } from "../backend.ts";
import { ShapeError } from "../errors.ts";
import { brainOfBits, halfOfBits, halves } from "../half.ts";
import { type Shape, show } from "../shape.ts";

// A row is whole groups of 32 columns, zeros beyond the last column, so that kernels meet no tail in it. Within a group,
// from a word's lowest bits up:
//   f16, bf16  16 words of 2 numbers, in order.
//   int8       8 words of 4 signed bytes q, in order; x = q · scale.
//   int4       4 words of 8 nibbles q; x = (q − 8) · scale. Byte j of the group holds column j in its low nibble and
//              column 16 + j in its high one, so that a mask and a shift give two vectors in order.

/** Columns that share a scale. */
export const GROUP = 32;

export const packedFormats = ["f16", "bf16", "int8", "int4"] as const;

const BITS: Readonly<Record<PackedFormat, number>> = { f16: 16, bf16: 16, int8: 8, int4: 4 };
/** Where rounding would give an infinity. */
const LIMIT: Readonly<Record<PackedFormat, number>> = {
  f16: 65520,
  bf16: (2 - 2 ** -8) * 2 ** 127,
  int8: Infinity,
  int4: Infinity,
};

/** Whether the format's numbers are whole, and its groups have scales. */
export const isScaled = (format: PackedFormat): boolean => format === "int8" || format === "int4";

/** Groups and words of a row. */
export function packedRow(
  format: PackedFormat,
  columns: number,
): { groups: number; words: number } {
  const groups = Math.ceil(columns / GROUP);
  return { groups, words: groups * BITS[format] };
}

/** Bytes of a packed matrix, its scales and padding with it. */
export function packedBytes(format: PackedFormat, [rows, columns]: Shape): number {
  const { groups, words } = packedRow(format, columns!);
  return 4 * rows! * (words + (isScaled(format) ? groups : 0));
}

/** Packed rows on the host. */
export interface PackedRows {
  readonly words: Int32Array;
  readonly scales: Float32Array | undefined;
}

/**
 * Packs `rows` rows of `columns` numbers, in row-major order: to the nearest, in int8 and int4 with a scale for each 32
 * columns of a row. Throws {@link ShapeError} when the count differs, and RangeError for a number that is not finite or
 * too large for f16.
 */
export function pack(
  format: PackedFormat,
  data: ArrayLike<number>,
  rows: number,
  columns: number,
): PackedRows {
  if (data.length !== rows * columns)
    throw new ShapeError(
      `pack: ${data.length} numbers do not fill the shape ${show([rows, columns])}`,
    );
  const { groups, words } = packedRow(format, columns);
  const scaled = isScaled(format);
  const packed: PackedRows = {
    words: new Int32Array(rows * words),
    scales: scaled ? new Float32Array(rows * groups) : undefined,
  };
  const bytes = new Uint8Array(packed.words.buffer);
  const shorts = new Uint16Array(packed.words.buffer);
  const group = new Float32Array(GROUP);
  const bits = new Uint32Array(group.buffer);
  const limit = LIMIT[format];
  for (let r = 0; r < rows; r++)
    for (let g = 0; g < groups; g++) {
      const width = Math.min(GROUP, columns - g * GROUP);
      const from = r * columns + g * GROUP;
      let extreme = 0; // the number of largest magnitude, with its sign
      for (let i = 0; i < width; i++) {
        const x = data[from + i]!;
        if (!(Math.abs(x) < limit)) throw unfit(format, x, r, g * GROUP + i);
        if (Math.abs(x) > Math.abs(extreme)) extreme = x;
        group[i] = x;
      }
      group.fill(0, width);
      const at = r * groups + g;
      if (format === "int8") packed.scales![at] = bytesOf(group, extreme, bytes, at * GROUP);
      else if (format === "int4")
        packed.scales![at] = nibblesOf(group, extreme, bytes, (at * GROUP) / 2);
      else {
        const convert = format === "f16" ? halfOfBits : brainOfBits;
        for (let i = 0; i < width; i++) shorts[at * GROUP + i] = convert(bits[i]!);
      }
    }
  return packed;
}

const unfit = (format: PackedFormat, x: number, row: number, column: number) =>
  new RangeError(
    Number.isFinite(x)
      ? `pack: ${x} in row ${row}, column ${column} is too large for ${format}; use bf16, int8 or f32`
      : `pack: row ${row}, column ${column} is ${x}; only finite weights can be packed`,
  );

/** Writes 32 bytes −127 … 127 and returns their scale. */
function bytesOf(group: Float32Array, extreme: number, bytes: Uint8Array, at: number): number {
  const scale = Math.fround(Math.abs(extreme) / 127);
  for (let i = 0; scale > 0 && i < GROUP; i++)
    bytes[at + i] = Math.max(-127, Math.min(127, Math.round(group[i]! / scale)));
  return scale;
}

/** Writes 32 nibbles and returns their scale, which makes the lowest of the 16 values the extreme one: none is wasted. */
function nibblesOf(group: Float32Array, extreme: number, bytes: Uint8Array, at: number): number {
  const scale = Math.fround(extreme / -8);
  const nibble = (x: number) =>
    scale === 0 ? 8 : Math.min(15, Math.max(0, Math.round(x / scale) + 8));
  for (let i = 0; i < GROUP / 2; i++)
    bytes[at + i] = nibble(group[i]!) | (nibble(group[i + GROUP / 2]!) << 4);
  return scale;
}

/** The numbers that packed rows stand for, exactly, in row-major order. */
export function unpack(
  format: PackedFormat,
  { words, scales }: { words: ArrayLike<number>; scales: ArrayLike<number> | undefined },
  columns: number,
): Float32Array {
  const row = packedRow(format, columns);
  const rows = row.words === 0 ? 0 : words.length / row.words;
  const whole = Int32Array.from(words).buffer;
  const [bytes, signed, shorts] = [
    new Uint8Array(whole),
    new Int8Array(whole),
    new Uint16Array(whole),
  ];
  const out = new Float32Array(rows * columns);
  const table = format === "f16" || format === "bf16" ? halves(format) : undefined;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const group = r * row.groups + Math.floor(c / GROUP);
      const i = c % GROUP;
      const at = group * GROUP + i;
      let x: number;
      if (table) x = table[shorts[at]!]!;
      else if (format === "int8") x = signed[at]! * scales![group]!;
      else {
        const byte = bytes[group * (GROUP / 2) + (i % (GROUP / 2))]!;
        x = ((i < GROUP / 2 ? byte & 15 : byte >> 4) - 8) * scales![group]!;
      }
      out[r * columns + c] = x;
    }
  return out;
}
