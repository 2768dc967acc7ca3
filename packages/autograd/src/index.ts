export { checkpoint } from "./checkpoint.ts";
export { type Differentiable, differentiable } from "./differentiable.ts";
export { fusedVjps } from "./fused-vjps.ts";
export { accumulate } from "./gradients.ts";
export { type Gradients, valueAndGrad, vjp } from "./tape.ts";
export type { TapeObserver, TapeOp, TapeOptions } from "./tape-observer.ts";
export { type Addition, type Saved, type Saves, type Vjp, vjps } from "./vjps.ts";
