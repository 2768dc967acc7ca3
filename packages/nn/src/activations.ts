import { type Activation, full, maximum, swiglu, type Tensor, tidy } from "@muladd/tensor";

/** What may stand between the two layers of an MLP. */
export type MLPActivation = Activation | "relu" | "silu";

/** max(0, x), with the derivative 0 at 0. */
export const relu = (x: Tensor): Tensor => tidy(() => maximum(full(x.backend, [], 0), x));

/** x / (1 + e^−x): {@link swiglu} of ones. Elfwing et al. 2017, https://arxiv.org/abs/1702.03118 */
export const silu = (x: Tensor): Tensor => tidy(() => swiglu(x, full(x.backend, x.shape, 1)));
