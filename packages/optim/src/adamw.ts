import { adamW, full, type Parameter, type Tensor, Variable } from "@muladd/tensor";
import type { Optimizer } from "./optimizer.ts";

export interface AdamWOptions {
  /** Decay of the two moments. Default 0.9, 0.95, as GPT-3 was trained. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  readonly epsilon?: number;
  /** Pull towards zero, per unit of rate. Default 0.1. */
  readonly weightDecay?: number;
  /** Which parameters decay. Default: matrices, so neither biases nor the gains of norms. */
  readonly decays?: (p: Parameter) => boolean;
}

/**
 * Adam with decoupled weight decay. Kingma & Ba 2015, https://arxiv.org/abs/1412.6980; Loshchilov & Hutter 2019,
 * https://arxiv.org/abs/1711.05101
 */
export class AdamW implements Optimizer {
  readonly #moments: ReadonlyMap<Parameter, { readonly m: Variable; readonly v: Variable }>;
  readonly options: Required<AdamWOptions>;
  steps = 0;

  constructor(parameters: Iterable<Parameter>, options: AdamWOptions = {}) {
    this.options = {
      betas: [0.9, 0.95],
      epsilon: 1e-8,
      weightDecay: 0.1,
      decays: (p) => p.shape.length >= 2,
      ...options,
    };
    const zeros = (p: Parameter) => {
      using zero = full(p.backend, p.shape, 0);
      return new Variable(zero);
    };
    this.#moments = new Map(Array.from(parameters, (p) => [p, { m: zeros(p), v: zeros(p) }]));
  }

  step(grads: ReadonlyMap<Tensor, Tensor>, rate: number, gradScale?: Tensor): void {
    const { betas, epsilon, weightDecay, decays } = this.options;
    const [beta1, beta2] = betas;
    const t = ++this.steps;
    const [correction1, correction2] = [1 - beta1 ** t, 1 - beta2 ** t];
    using one = gradScale ? undefined : unit(grads);
    const scale = gradScale ?? one;
    for (const [p, { m, v }] of this.#moments) {
      const g = grads.get(p);
      if (!g) continue;
      const decay = decays(p) ? weightDecay : 0;
      adamW(p, m, v, g, scale!, { rate, beta1, beta2, epsilon, decay, correction1, correction2 });
    }
  }

  *state(): Iterable<[p: Parameter, name: string, cell: Variable]> {
    for (const [p, { m, v }] of this.#moments) {
      yield [p, "m", m];
      yield [p, "v", v];
    }
  }

  [Symbol.dispose](): void {
    for (const [, , cell] of this.state()) cell[Symbol.dispose]();
  }
}

/** A scalar 1 on the backend of the gradients, if there are any. */
export function unit(grads: ReadonlyMap<Tensor, Tensor>): Tensor | undefined {
  const [g] = grads.values();
  return g && full(g.backend, [], 1);
}
