// The outer axes of a strided kernel, as a table the host writes: the inner axis is the kernel's own loop.
//
//   word 0 … 3          offsets of the four operands now; the host writes zeros
//   word 4 + 6·a        axis a, outermost first: size, position (the host writes 0), strides of the operands
//
// Offsets and strides count elements: in signed words that reaches 8 GiB, more than a buffer may have.

/** Moves the offsets to the next row. False when all rows are done; then offsets and positions are zero again. */
export function nextRow(table: usize, axes: i32): bool {
  let axis = table + 16 + <usize>axes * 24;
  const first = table + 16;
  while (axis > first) {
    axis -= 24;
    const size = load<i32>(axis);
    const position = load<i32>(axis, 4) + 1;
    const strides = v128.load(axis, 8);
    let offsets = i32x4.add(v128.load(table), strides);
    if (position < size) {
      store<i32>(axis, position, 4);
      v128.store(table, offsets);
      return true;
    }
    offsets = i32x4.sub(offsets, i32x4.mul(strides, i32x4.splat(size)));
    store<i32>(axis, 0, 4);
    v128.store(table, offsets);
  }
  return false;
}

/** Byte offset of operand 0 … 3 at the current row. */
// @ts-ignore: decorator
@inline
export function at(table: usize, operand: i32): usize {
  return <usize>load<i32>(table + (<usize>operand << 2)) << 2;
}

/** Copies a table to `own`, with `size` as the size at byte `axis` (0: as it is): a thread's share of a strided kernel. */
export function own_table(own: usize, table: usize, axes: i32, axis: usize, size: i32): void {
  memory.copy(own, table, 16 + <usize>axes * 24);
  if (axis) store<i32>(own + axis, size);
}
