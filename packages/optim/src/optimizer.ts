import type { Parameter, Tensor, Variable } from "@muladd/tensor";

/** Turns gradients into better parameters. */
export interface Optimizer extends Disposable {
  /** Steps taken so far; set it together with the state when a run resumes. */
  steps: number;
  /**
   * Moves every parameter that has a gradient one step downhill, at learning rate `rate`. `gradScale` () multiplies all
   * gradients on the device: a clip without a pass of its own. When it is NaN, nothing moves.
   */
  step(grads: ReadonlyMap<Tensor, Tensor>, rate: number, gradScale?: Tensor): void;
  /** What must be saved beside the parameters to go on bit for bit. */
  state(): Iterable<[p: Parameter, name: string, cell: Variable]>;
}
