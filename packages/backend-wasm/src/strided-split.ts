import type { Split } from "./split.ts";
import { STEP } from "./split.ts";
import type { Walk } from "./walk.ts";

/** Bytes of a table of 32 axes (assembly/strided.ts), rounded up. */
const TABLE_BYTES = 1024;
/** An axis of so many rows is cut rather than a longer one further in. */
const ENOUGH = 32;

/**
 * How a strided kernel is cut: along its outermost long axis, else its longest. `inner`: walk axes 0 … inner − 1 are the
 * kernel's own loops, the rest its table. `steps`: those of the kernel's arguments for an axis, given the byte step of each
 * operand along it and which of the inner sizes is cut (−1: none).
 */
export function stridedSplit(
  walk: Walk,
  operands: number,
  inner: number,
  nanosecondsPerElement: number,
  steps: (bytes: (operand: number) => number, cut: number) => readonly number[],
): Split | undefined {
  let axis = walk.axes - 1;
  for (let i = walk.axes - 1; i >= 0; i--) {
    if (walk.sizes[axis]! >= ENOUGH) break;
    if (walk.sizes[i]! > walk.sizes[axis]!) axis = i;
  }
  for (let o = 0; o < operands; o++) if (walk.strides[o]![axis]! < 0) return undefined;
  const isInner = axis < inner;
  return {
    units: walk.sizes[axis]!,
    block: isInner ? 16 : 1,
    nanoseconds: walk.elements * nanosecondsPerElement,
    steps: steps((o) => walk.strides[o]![axis]! * 4, isInner ? axis : -1),
    scratch: TABLE_BYTES,
    table: {
      axes: Math.max(0, walk.axes - inner),
      axis: isInner ? 0 : 16 + 24 * (walk.axes - 1 - axis),
    },
  };
}

/** The step of an inner size: cut or whole. */
export const innerStep = (axis: number, cut: number): number => (axis === cut ? STEP.count : 0);
