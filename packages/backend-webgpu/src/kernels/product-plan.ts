import type { Tuning } from "../context.ts";
import type { Product } from "./product.ts";
import { direct } from "./product-direct.ts";
import type { Form } from "./product-program.ts";
import { type Tile, tiled } from "./product-tiled.ts";
import { vector } from "./product-vector.ts";

/** How a product is done: in which form, and with k in how many parts, whose sums are added in a second pass. */
export interface Plan {
  readonly form: Form;
  readonly parts: number;
}

/** Numbers that one lane adds up one after another: more lose bits. Longer sums are made of such. */
export const LONGEST = 4096;
/** Workgroups that fill a large GPU: three on each of 128 cores. On small ones more parts cost little but their traffic. */
const FULL = 384;
/** k of a part at least, so that adding the parts is little beside making them. */
const SHORTEST_PART = 256;
/** Numbers that the parts of a product are together at most: 64 MiB. */
const MOST_PARTIAL = 2 ** 24;
/** Workgroups that occupy the cores of a software adapter. */
const FULL_SERIAL = 8;

const LARGE: Tile = { rows: 128, columns: 128, depth: 8, lane: [8, 8] };
const MEDIUM: Tile = { rows: 64, columns: 64, depth: 16, lane: [4, 4] };
const WIDE: Tile = { rows: 16, columns: 128, depth: 8, lane: [4, 4] };
const TALL: Tile = { rows: 128, columns: 16, depth: 8, lane: [4, 4] };
/** Up to here thin tiles, two of which waste less than half a {@link MEDIUM} one. */
const THIN = 32;
/** Tiles from which on large ones are worth it: with fewer some of a GPU's cores are idle. */
const LARGE_FROM = 96;

type Dims = Pick<Product, "batch" | "m" | "k" | "n" | "transposeA" | "transposeB">;

/**
 * The plan for a shape: nothing else decides. Halves are for tiles alone: the other forms wait for operands from memory, which
 * are f32 there.
 */
export function planOf(
  tuning: Pick<Tuning, "serial" | "subgroups" | "halfProducts">,
  dims: Dims,
): Plan {
  if (tuning.serial) return inParts(serialForm(dims), dims, FULL_SERIAL);
  const { batch, m, n } = dims;
  const half = tuning.halfProducts;
  if (m <= 4) return inParts(vectorForm(tuning, dims), dims, FULL);
  if (m <= THIN) return inParts(tiled(WIDE, half), dims, FULL);
  if (n <= THIN) return inParts(tiled(TALL, half), dims, FULL);
  const large =
    batch * tilesOf(LARGE, m, n) >= LARGE_FROM &&
    padded(LARGE, m, n) <= 1.25 * padded(MEDIUM, m, n);
  return large ? { form: tiled(LARGE, half), parts: 1 } : inParts(tiled(MEDIUM, half), dims, FULL);
}

// GFLOP/s on SwiftShader, 768 × 128 · (384 × 128)ᵀ, in blocks of 4×4, 4×8, 8×4, 8×8, 4×16, 16×4, 8×16: 2.9, 4.2, 3.8, 5.1,
// 4.3, 4.6, 3.8; 1 × 768 · (50,257 × 768)ᵀ in 1×4, 1×8, 1×16: 1.3, 1.6, 1.2 (2-core x86-64).
function serialForm({ m, n, transposeA }: Dims): Form {
  if (m === 1 && !transposeA) return direct(1, 8);
  if (m <= 4) return direct(4, 8);
  return direct(8, n <= 4 ? 4 : 8);
}

function vectorForm({ subgroups }: Pick<Tuning, "subgroups">, dims: Dims): Form {
  const { m, k, transposeA, transposeB } = dims;
  const single = m === 1 && !transposeA;
  if (!transposeB) return vector(single, 8, 16, false);
  return vector(single, k <= 256 ? 32 : 64, 1, subgroups);
}

/** As many parts as make about `full` workgroups. */
function inParts(form: Form, { batch, m, k, n }: Dims, full: number): Plan {
  const [rows, columns] = form.tile;
  const groups = batch * tilesOf({ rows, columns }, m, n);
  if (groups === 0 || groups * 2 > full) return { form, parts: 1 };
  const wanted = Math.max(Math.ceil(full / groups), Math.ceil(k / LONGEST));
  const most = Math.min(k / SHORTEST_PART, MOST_PARTIAL / (batch * m * n));
  return { form, parts: Math.max(1, Math.min(wanted, Math.floor(most))) };
}

const tilesOf = ({ rows, columns }: Pick<Tile, "rows" | "columns">, m: number, n: number): number =>
  Math.ceil(m / rows) * Math.ceil(n / columns);

/** Numbers that tiles of m × n sum, with those beyond its edges. */
const padded = (tile: Tile, m: number, n: number): number =>
  tilesOf(tile, m, n) * tile.rows * tile.columns;
