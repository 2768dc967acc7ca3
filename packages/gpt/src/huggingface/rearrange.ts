// Numbers of matrices in row-major order, on the host.

/**
 * Rows and columns of a tile of the transposition. Widths of models are multiples of 1024 bytes, so that rows lie in the same
 * few lines of a cache: more than 8 of them would evict each other. Columns: two lines.
 */
const [TILE_ROWS, TILE_COLUMNS] = [8, 32];

/** (rows, columns) → (columns, rows). */
export function transpose(from: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const to = new Float32Array(from.length);
  transposeInto(to, from, columns, from.length / columns, 0);
  return to;
}

/** Writes rows `first` … of a matrix (total, columns), in row-major order, as columns of `to` (columns, total). */
export function transposeInto(
  to: Float32Array,
  from: Float32Array,
  columns: number,
  total: number,
  first: number,
): void {
  const rows = from.length / columns;
  for (let top = 0; top < rows; top += TILE_ROWS)
    for (let left = 0; left < columns; left += TILE_COLUMNS) {
      const bottom = Math.min(top + TILE_ROWS, rows);
      const right = Math.min(left + TILE_COLUMNS, columns);
      for (let column = left; column < right; column++) {
        const at = column * total + first;
        for (let row = top; row < bottom; row++) to[at + row] = from[row * columns + column]!;
      }
    }
}

/**
 * Rows of each head in pairs (k, k + D/2), as llama.cpp stores Llama's queries and keys, to rows in halves; `headRows` is D. The
 * converter's `permute`, undone: https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py
 */
export const halved = (from: Float32Array, headRows: number, columns: number) =>
  reordered(from, headRows, columns, (row) => (row % 2) * (headRows / 2) + Math.floor(row / 2));

/** What {@link halved} undoes. */
export const inPairs = (from: Float32Array, headRows: number, columns: number) =>
  reordered(
    from,
    headRows,
    columns,
    (row) => 2 * (row % (headRows / 2)) + Math.floor(row / (headRows / 2)),
  );

/** Moves row r of each head to row `place(r)` of it. */
function reordered(
  from: Float32Array,
  headRows: number,
  columns: number,
  place: (row: number) => number,
): Float32Array<ArrayBuffer> {
  const to = new Float32Array(from.length);
  for (let at = 0; at < from.length / columns; at++) {
    const row = at % headRows;
    to.set(from.subarray(at * columns, (at + 1) * columns), (at - row + place(row)) * columns);
  }
  return to;
}
