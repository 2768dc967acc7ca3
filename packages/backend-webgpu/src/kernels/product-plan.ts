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
/** Workgroups that fill a large GPU; on small ones the parts cost little more than their traffic. */
const FULL = 128;
/** k of a part at least, so that adding the parts is little beside making them. */
const SHORTEST_PART = 256;
/** Parts at most, which bounds the memory that they take. */
const MOST_PARTS = 64;
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

/** The plan for a shape: nothing else decides. */
export function planOf(
  tuning: Pick<Tuning, "serial" | "subgroups" | "halfProducts">,
  dims: Dims,
): Plan {
  const form = tuning.serial ? serialForm(dims) : hardwareForm(tuning, dims);
  return { form, parts: partsOf(form, dims, tuning.serial ? FULL_SERIAL : FULL) };
}

function serialForm({ m, n, transposeA }: Dims): Form {
  if (m === 1 && !transposeA) return direct(1, 4);
  if (m <= 4 || n <= 4) return direct(m <= 4 ? 4 : 8, 4);
  return direct(8, 8);
}

function hardwareForm(
  { subgroups, halfProducts }: Pick<Tuning, "subgroups" | "halfProducts">,
  { batch, m, k, n, transposeA, transposeB }: Dims,
): Form {
  if (m <= 4) {
    const single = m === 1 && !transposeA;
    return transposeB
      ? vector(single, k <= 256 ? 32 : 64, 1, subgroups)
      : vector(single, 8, 16, false);
  }
  if (m <= THIN) return tiled(WIDE, halfProducts);
  if (n <= THIN) return tiled(TALL, halfProducts);
  const large =
    batch * tilesOf(LARGE, m, n) >= LARGE_FROM &&
    padded(LARGE, m, n) <= 1.25 * padded(MEDIUM, m, n);
  return tiled(large ? LARGE : MEDIUM, halfProducts);
}

function partsOf({ tile: [rows, columns] }: Form, { batch, m, k, n }: Dims, full: number): number {
  const groups = batch * tilesOf({ rows, columns }, m, n);
  if (groups * 2 > full) return 1;
  const wanted = Math.max(Math.ceil(full / groups), Math.ceil(k / LONGEST));
  return Math.max(1, Math.min(wanted, Math.floor(k / SHORTEST_PART), MOST_PARTS));
}

const tilesOf = ({ rows, columns }: Pick<Tile, "rows" | "columns">, m: number, n: number): number =>
  Math.ceil(m / rows) * Math.ceil(n / columns);

/** Numbers that tiles of m × n sum, with those beyond its edges. */
const padded = (tile: Tile, m: number, n: number): number =>
  tilesOf(tile, m, n) * tile.rows * tile.columns;
