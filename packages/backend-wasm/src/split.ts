/** What an argument of a kernel is in one part of its work: a number ≥ 0 is added once per unit before the part. */
export const STEP = {
  /** Units in the part. */
  count: -1,
  /** First unit of the part. */
  first: -2,
  /** One past its last unit. */
  last: -3,
  /** Address of a thread's own stretch of scratch. */
  own: -4,
} as const;

/**
 * How a call may be cut into parts that run on different threads. Parts never share an output element, and no element's
 * arithmetic depends on where the cuts lie: so the bits depend neither on the number of threads nor on their order.
 */
export interface Split {
  /** Rows, heads, columns or elements to be shared. */
  readonly units: number;
  /** Cuts lie at multiples of this. */
  readonly block: number;
  /** Parts at most, but not fewer than threads. */
  readonly most?: number | undefined;
  /** About what the whole call takes on one thread. */
  readonly nanoseconds: number;
  /** One per argument of the kernel, see {@link STEP}. */
  readonly steps: readonly number[];
  /** Bytes of scratch that each thread needs. */
  readonly scratch?: number;
  /** Bytes at the beginning of scratch that an earlier call filled for this one. */
  readonly kept?: number;
  /** For a strided kernel: axes of the table, and the byte in it that holds the size of the axis that is cut, or 0. */
  readonly table?: { readonly axes: number; readonly axis: number };
}
