import type { Shape } from "./shape.ts";

/** A tensor on the host. */
export interface HostTensor {
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array;
}
