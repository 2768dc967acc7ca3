import { full, greaterEqual, mul, type Rng, type Tensor, tidy, uniform } from "@muladd/tensor";

/**
 * Zeroes each element with probability `rate` and scales the rest by 1/(1 − rate), so that the mean stays. Without
 * an `rng`, or at rate 0, x itself: inference needs no mode flag. Throws RangeError for a rate outside 0 … 1, or 1.
 * Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
 */
export function dropout(x: Tensor, rate: number, rng: Rng | undefined): Tensor {
  if (!(rate >= 0 && rate < 1))
    throw new RangeError(`dropout: rate ${rate} must lie in 0 … 1, without 1`);
  if (!rng || rate === 0) return x;
  return tidy(() => {
    const kept = greaterEqual(uniform(x.backend, x.shape, rng), full(x.backend, [], rate));
    return mul(mul(x, kept), 1 / (1 - rate));
  });
}
