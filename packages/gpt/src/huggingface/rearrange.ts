// Numbers of matrices in row-major order, on the host.

/** Rows and columns that a tile of the transposition has: its 4 kB on either side stay in the first cache. */
const TILE = 32;

/** (rows, columns) → (columns, rows). */
export function transpose(from: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const rows = from.length / columns;
  const to = new Float32Array(from.length);
  for (let top = 0; top < rows; top += TILE)
    for (let left = 0; left < columns; left += TILE) {
      const [bottom, right] = [Math.min(top + TILE, rows), Math.min(left + TILE, columns)];
      for (let column = left; column < right; column++)
        for (let row = top; row < bottom; row++)
          to[column * rows + row] = from[row * columns + column]!;
    }
  return to;
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
