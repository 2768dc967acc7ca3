import type { Shape } from "@muladd/tensor";

const MAX_RANK = 32;
const OPERANDS = 4;

/**
 * How strided operands of one shape are walked: axes that lie together in all of them are merged, the innermost is the
 * kernel's loop, the others go into its table (assembly/strided.ts). One instance is reused by all calls.
 */
export class Walk {
  /** Axes after merging, innermost first. */
  axes = 0;
  /** Elements in all. */
  elements = 0;
  readonly sizes = new Int32Array(MAX_RANK);
  /** Element strides of each operand, by axis. */
  readonly strides: readonly Int32Array[] = Array.from(
    { length: OPERANDS },
    () => new Int32Array(MAX_RANK),
  );

  /** `undefined` strides: no such operand. Strides are in elements. */
  plan(
    shape: Shape,
    s0: readonly number[],
    s1: readonly number[],
    s2?: readonly number[],
    s3?: readonly number[],
  ): void {
    const { sizes } = this;
    const [t0, t1, t2, t3] = this.strides as [Int32Array, Int32Array, Int32Array, Int32Array];
    let last = -1;
    this.elements = 1;
    for (let i = shape.length - 1; i >= 0; i--) {
      const d = shape[i]!;
      this.elements *= d;
      if (d === 1) continue;
      const a = s0[i]!;
      const b = s1[i]!;
      const c = s2 ? s2[i]! : 0;
      const e = s3 ? s3[i]! : 0;
      if (last >= 0) {
        const n = sizes[last]!;
        if (
          a === t0[last]! * n &&
          b === t1[last]! * n &&
          c === t2[last]! * n &&
          e === t3[last]! * n
        ) {
          sizes[last] = n * d;
          continue;
        }
      }
      last++;
      sizes[last] = d;
      t0[last] = a;
      t1[last] = b;
      t2[last] = c;
      t3[last] = e;
    }
    if (last < 0) {
      last = 0;
      sizes[0] = 1;
      // One element: any stride is right, and 1 is the fast one.
      t0[0] = t1[0] = t2[0] = t3[0] = 1;
    }
    this.axes = last + 1;
  }

  /** Exchanges two axes. */
  swap(i: number, j: number): void {
    if (i === j) return;
    exchange(this.sizes, i, j);
    for (let o = 0; o < OPERANDS; o++) exchange(this.strides[o]!, i, j);
  }

  /** Writes the axes from `first` on into the kernel's table, outermost first; returns how many. */
  write(words: Int32Array, first: number): number {
    const outer = this.axes - first;
    if (outer <= 0) {
      words[0] = words[1] = words[2] = words[3] = 0;
      return 0;
    }
    words.fill(0, 0, 4);
    for (let k = 0; k < outer; k++) {
      const axis = this.axes - 1 - k;
      const at = 4 + 6 * k;
      words[at] = this.sizes[axis]!;
      words[at + 1] = 0;
      for (let o = 0; o < OPERANDS; o++) words[at + 2 + o] = this.strides[o]![axis]!;
    }
    return outer;
  }
}

function exchange(list: Int32Array, i: number, j: number): void {
  const x = list[i]!;
  list[i] = list[j]!;
  list[j] = x;
}
