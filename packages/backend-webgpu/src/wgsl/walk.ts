import type { Shape } from "@muladd/tensor";

/** Axes of strided operands after merging, innermost first. */
export interface Walk {
  readonly sizes: readonly number[];
  /** Element strides by operand, then by axis. */
  readonly strides: readonly (readonly number[])[];
  readonly elements: number;
}

/** Merges axes that lie together in all operands, and drops those of size 1. At least one axis is left. */
export function walk(shape: Shape, operands: readonly (readonly number[])[]): Walk {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  let elements = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const d = shape[i]!;
    elements *= d;
    if (d === 1) continue;
    const last = sizes.length - 1;
    const inner = sizes[last];
    if (inner !== undefined && operands.every((s, o) => s[i]! === strides[o]![last]! * inner)) {
      sizes[last] = inner * d;
      continue;
    }
    sizes.push(d);
    for (const [o, s] of operands.entries()) strides[o]!.push(s[i]!);
  }
  if (sizes.length === 0) {
    sizes.push(1);
    for (const list of strides) list.push(1);
  }
  return { sizes, strides, elements };
}
