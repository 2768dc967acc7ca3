import { add, mul, tidy } from "@muladd/tensor";
import type { Gradients } from "./tape.ts";

/**
 * total += factor · grads, freeing `grads`: a large batch as n small ones is `accumulate(total, grads, 1 / n)`.
 */
export function accumulate(total: Gradients, grads: Gradients, factor = 1): void {
  for (const [p, g] of grads) {
    const sofar = total.get(p);
    const next = tidy(() => {
      const scaled = factor === 1 ? g : mul(g, factor);
      return sofar ? add(sofar, scaled) : scaled;
    });
    total.set(p, next);
    sofar?.[Symbol.dispose]();
    if (next !== g) g[Symbol.dispose]();
  }
  grads.clear();
}
