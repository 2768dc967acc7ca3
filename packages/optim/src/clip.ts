import {
  add,
  div,
  full,
  maximum,
  mul,
  rsqrt,
  squaredNorm,
  type Tensor,
  tidy,
} from "@muladd/tensor";

/**
 * The Euclidean norm of all gradients together: (). NaN when any is NaN or infinite, or the norm beyond 1.8e19, whose
 * square float32 cannot hold. Throws RangeError without gradients. Stays on the device.
 */
export function globalNorm(grads: ReadonlyMap<Tensor, Tensor>): Tensor {
  if (grads.size === 0) throw new RangeError("globalNorm: there are no gradients");
  return tidy(() => {
    const squares = squaredNorm([...grads.values()]);
    // √s as s · 1/√s, with 0 kept from 1/0; ∞ becomes NaN, as it should
    return mul(squares, rsqrt(maximum(squares, full(squares.backend, [], 1e-37))));
  });
}

/**
 * The factor that brings a norm down to `limit`: 1 where it is smaller. () → (). NaN for a NaN norm. For a step's
 * `gradScale`, so that clipping needs no pass over the gradients. Throws RangeError unless `limit` is above 0; Infinity
 * clips nothing.
 */
export function clipScale(norm: Tensor, limit: number): Tensor {
  if (!(limit > 0))
    throw new RangeError(`clip: the limit ${limit} must be above 0; Infinity for no clipping`);
  return tidy(() => {
    if (limit === Number.POSITIVE_INFINITY) return add(mul(norm, 0), 1);
    const bound = full(norm.backend, [], limit);
    return div(bound, maximum(norm, bound));
  });
}

/**
 * Scales all gradients in place of the old ones so that their joint norm is at most `limit`, and returns the norm
 * before. When that is NaN, so are all gradients after: pass {@link clipScale} to a step instead, which then moves
 * nothing. Pascanu, Mikolov & Bengio 2013, https://arxiv.org/abs/1211.5063
 */
export function clipGlobalNorm(grads: Map<Tensor, Tensor>, limit: number): Tensor {
  const norm = globalNorm(grads);
  using factor = clipScale(norm, limit);
  for (const [p, g] of grads) {
    grads.set(p, mul(g, factor));
    g[Symbol.dispose]();
  }
  return norm;
}
