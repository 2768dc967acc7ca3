// gather: table (V, C), ids (n) i32 → out (n, C). scatterAdd: out (V, C) += rows (n, C) at ids (n), in row order; on the
// first `cols` columns, so that threads share it by columns and rows of equal id never race.
import { fill_32 } from "./fill";
import { axpy } from "./simd";

/** An id outside 0 … V−1 gives a row of the pattern `missing`. */
export function gather_32(
  out: usize,
  table: usize,
  ids: usize,
  n: u32,
  V: u32,
  C: u32,
  missing: i32,
): void {
  const bytes = <usize>C << 2;
  for (let i: u32 = 0; i < n; i++) {
    const id = load<u32>(ids);
    if (id < V) memory.copy(out, table + <usize>id * bytes, bytes);
    else fill_32(out, C, missing);
    ids += 4;
    out += bytes;
  }
}

/** An id outside 0 … V−1 is ignored. */
export function scatter_add_f32(
  out: usize,
  rows: usize,
  ids: usize,
  n: u32,
  V: u32,
  C: u32,
  cols: u32,
): void {
  const bytes = <usize>C << 2;
  for (let i: u32 = 0; i < n; i++) {
    const id = load<u32>(ids);
    if (id < V) axpy(out + <usize>id * bytes, rows, 1, cols);
    ids += 4;
    rows += bytes;
  }
}

export function scatter_add_i32(
  out: usize,
  rows: usize,
  ids: usize,
  n: u32,
  V: u32,
  C: u32,
  cols: u32,
): void {
  const bytes = <usize>C << 2;
  for (let i: u32 = 0; i < n; i++) {
    const id = load<u32>(ids);
    if (id < V) {
      const to = out + <usize>id * bytes;
      for (let c: usize = 0; c < <usize>cols << 2; c += 4)
        store<i32>(to + c, load<i32>(to + c) + load<i32>(rows + c));
    }
    ids += 4;
    rows += bytes;
  }
}
