import type { Dense, PackedFormat } from "@muladd/tensor";
import type { Epilogue } from "./epilogue.ts";

/** Matrices in a buffer: lines of `width` numbers from element `at` on, one matrix `step` elements after another. */
export interface Matrices {
  readonly of: Dense;
  readonly at: number;
  readonly width: number;
  readonly step: number;
  /** How the numbers are packed; `of` holds words then, which `at`, `width` and `step` count. */
  readonly packed?: Packing;
}

export interface Packing {
  readonly format: PackedFormat;
  readonly scales: Dense | undefined;
}

/**
 * out (batch, m, n) = epilogue(a (batch, m, k) · b (batch, k, n)); a transposed operand is stored the other way round. Only b
 * may be packed, and is transposed then.
 */
export interface Product {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly a: Matrices;
  readonly b: Matrices;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly out: Matrices;
  readonly epilogue: Epilogue;
}

/** The numbers from `first` to before `end` of k, in `parts` parts of `part` each; every part's sums go `partStep` after another's. */
export interface Range {
  readonly first: number;
  readonly end: number;
  readonly part: number;
  readonly parts: number;
  readonly partStep: number;
}

/** What the text of a product depends on, beside its form. */
export interface Layout {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Which operands can be read and written in quads: those whose lines begin at multiples of 4. */
  readonly quads: { readonly a: boolean; readonly b: boolean; readonly out: boolean };
  /** How b is packed. */
  readonly packed: PackedFormat | undefined;
  /** k is no multiple of 4: what is read beyond it counts as 0. */
  readonly tail: boolean;
  readonly epilogue: Epilogue;
  /** For the names of programs: "nt", "tn odd b+k". */
  readonly key: string;
}

export function layoutOf({ k, a, b, out, transposeA, transposeB, epilogue }: Product): Layout {
  const packed = b.packed?.format;
  const quads = { a: inQuads(a), b: !packed && inQuads(b), out: inQuads(out) };
  const tail = k % 4 !== 0;
  const odd = [
    !quads.a && "a",
    !quads.b && !packed && "b",
    !quads.out && "out",
    tail && "k",
  ].filter(Boolean);
  const letters = `${transposeA ? "t" : "n"}${transposeB ? "t" : "n"}`;
  const key = [letters, packed, odd.length > 0 && `odd ${odd.join("+")}`].filter(Boolean).join(" ");
  return { packed, transposeA, transposeB, quads, tail, epilogue, key };
}

const inQuads = ({ at, width, step }: Matrices): boolean =>
  at % 4 === 0 && width % 4 === 0 && step % 4 === 0;

/** The numbers that every form of a product is given. */
export const PARAMS = {
  batch: "u32",
  m: "u32",
  k: "u32",
  n: "u32",
  down: "u32",
  across: "u32",
  first: "u32",
  end: "u32",
  part: "u32",
  partStep: "u32",
  aAt: "u32",
  aWidth: "u32",
  aStep: "u32",
  bAt: "u32",
  bWidth: "u32",
  bStep: "u32",
  outAt: "u32",
  outWidth: "u32",
  outStep: "u32",
} as const;

/** In the order of {@link PARAMS}; places and widths in quads where operands are read so. */
export function numbersOf(
  { batch, m, k, n, a, b, out }: Product,
  { quads }: Layout,
  { first, end, part, partStep }: Range,
  [down, across]: readonly [number, number],
): number[] {
  const units = ({ at, width, step }: Matrices, wide: boolean) =>
    [at, width, step].map((x) => (wide ? x / 4 : x));
  return [
    ...[batch, m, k, n, down, across, first, end, part, quads.out ? partStep / 4 : partStep],
    ...units(a, quads.a),
    ...units(b, quads.b),
    ...units(out, quads.out),
  ];
}

/** What a product's form must do at least, over one range. Flops: a multiplication and an addition each. */
export function workOf({ batch, m, n, k, b }: Product, { first, end, parts }: Range) {
  const length = k === 0 ? 0 : end - first;
  const words = b.packed ? b.width / k : 1; // of a number
  return {
    flops: 2 * batch * m * n * length,
    bytes: 4 * batch * (m * length + length * n * words + parts * m * n),
  };
}
