import { size } from "@muladd/tensor";
import type { View } from "./value.ts";

/** Whether a view's numbers lie one after the other, in row-major order. */
export function isContiguous({ shape, strides }: View): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** One past the last number of the storage that a view reaches. */
export function reach({ offset, shape, strides }: View): number {
  if (shape.includes(0)) return offset;
  return shape.reduce((last, d, axis) => last + (d - 1) * strides[axis]!, offset) + 1;
}

/** Axes as few as the strides allow: two neighbours whose numbers follow one another are one. */
function merged({ shape, strides }: View): { shape: number[]; strides: number[] } {
  const out = { shape: [1], strides: [1] };
  for (const [axis, d] of shape.entries()) {
    const stride = strides[axis]!;
    if (d === 1) continue;
    if (out.strides.at(-1) === d * stride || out.shape.at(-1) === 1) {
      out.shape.push(out.shape.pop()! * d);
      out.strides.splice(-1, 1, stride);
    } else {
      out.shape.push(d);
      out.strides.push(stride);
    }
  }
  return out;
}

/**
 * Numbers first … last−1 of a view in row-major order, `item` bytes each, gathered from its storage, of which `read` gives
 * a range of bytes. Reads what lies between the outermost rows concerned, and nothing else.
 */
export async function gatherView(
  view: View,
  item: number,
  [first, last]: readonly [number, number],
  read: (begin: number, end: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { shape, strides } = merged(view);
  const row = size(shape.slice(1));
  const [top, bottom] = [Math.floor(first / row), Math.ceil(last / row)];
  const begin = view.offset + top * strides[0]!;
  const rows = { ...view, offset: begin, shape: [bottom - top, ...shape.slice(1)], strides };
  const source = await read(begin * item, reach(rows) * item);

  const out = new Uint8Array((last - first) * item);
  const inner = shape.length - 1;
  const index = [...shape.keys()].map(
    (axis) => Math.floor(first / size(shape.slice(axis + 1))) % shape[axis]!,
  );
  let at = index.reduce((sum, i, axis) => sum + i * strides[axis]!, view.offset - begin);
  for (let to = 0; to < out.length; to += item) {
    for (let byte = 0; byte < item; byte++) out[to + byte] = source[at * item + byte]!;
    // To the next index: the last axis that is not at its end moves on, those behind it begin anew.
    let axis = inner;
    for (; axis > 0 && index[axis] === shape[axis]! - 1; axis--) {
      at -= index[axis]! * strides[axis]!;
      index[axis] = 0;
    }
    index[axis]!++;
    at += strides[axis]!;
  }
  return out;
}
