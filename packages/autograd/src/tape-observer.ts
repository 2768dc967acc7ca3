import type { Event, Tensor } from "@muladd/tensor";

/** An op on a tape. Nodes are numbered: first the tensors differentiated for, in their order, then results as they were made. */
export interface TapeOp {
  /** A primitive, a fused op, or "custom". */
  readonly op: string;
  readonly attrs: unknown;
  /** Nodes of its inputs; −1 where no gradient is wanted. */
  readonly from: readonly number[];
  /** The node of its result. */
  readonly to: number;
}

/**
 * Watches a derivative being taken: what is on the tape, and how each op is undone. Tensors are valid during the call: who
 * wants one longer takes a `share` and keeps it, and runs no op meanwhile. Numbers do not change by being watched.
 */
export interface TapeObserver {
  /** An op was recorded: one that the result may depend on. `event` holds its operands and results. */
  recorded?(op: TapeOp, event: Event): void;
  /** Its rule is about to run: `g` is the gradient of its result, with all of its uses added up. */
  pulled?(op: TapeOp, g: Tensor): void;
  /**
   * Its rule gave `given` for input number `input`, of that input's shape; with what other uses gave before that makes
   * `sum`, the gradient so far of node `op.from[input]`.
   */
  added?(op: TapeOp, input: number, given: Tensor, sum: Tensor): void;
}

/** What a derivative may be asked for besides its value. */
export interface TapeOptions {
  readonly observer?: TapeObserver | undefined;
}
