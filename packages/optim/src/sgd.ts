import {
  add,
  equal,
  full,
  mul,
  type Parameter,
  select,
  sub,
  type Tensor,
  tidy,
  Variable,
} from "@muladd/tensor";
import { unit } from "./adamw.ts";
import type { Optimizer } from "./optimizer.ts";

export interface SGDOptions {
  /** How much of the last update goes on. Default 0: plain gradient descent. */
  readonly momentum?: number;
  /** Look ahead along the momentum. Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html */
  readonly nesterov?: boolean;
  /** Coupled: added to the gradient as weightDecay · p. Default 0. */
  readonly weightDecay?: number;
}

/** Stochastic gradient descent: u ← μu + g, p ← p − rate · u. PyTorch's convention, without dampening. */
export class SGD implements Optimizer {
  readonly #momenta = new Map<Parameter, Variable>();
  readonly #parameters: readonly Parameter[];
  readonly options: Required<SGDOptions>;
  steps = 0;

  constructor(parameters: Iterable<Parameter>, options: SGDOptions = {}) {
    this.options = { momentum: 0, nesterov: false, weightDecay: 0, ...options };
    this.#parameters = [...parameters];
    if (this.options.momentum === 0) return;
    for (const p of this.#parameters) {
      using zero = full(p.backend, p.shape, 0);
      this.#momenta.set(p, new Variable(zero));
    }
  }

  step(grads: ReadonlyMap<Tensor, Tensor>, rate: number, gradScale?: Tensor): void {
    this.steps++;
    const { momentum, nesterov, weightDecay } = this.options;
    tidy(() => {
      const scale = gradScale ?? unit(grads);
      for (const p of this.#parameters) {
        const raw = grads.get(p);
        if (!raw) continue;
        const sane = equal(scale!, scale!); // false for NaN
        const pulled = mul(raw, scale!);
        const g = weightDecay ? add(pulled, mul(p, weightDecay)) : pulled;
        const cell = this.#momenta.get(p);
        const u = cell ? add(mul(cell, momentum), g) : g;
        const direction = cell && nesterov ? add(g, mul(u, momentum)) : u;
        p.assign(select(sane, sub(p, mul(direction, rate)), p));
        cell?.assign(select(sane, u, cell));
      }
    });
  }

  *state(): Iterable<[p: Parameter, name: string, cell: Variable]> {
    for (const [p, cell] of this.#momenta) yield [p, "u", cell];
  }

  [Symbol.dispose](): void {
    for (const cell of this.#momenta.values()) cell[Symbol.dispose]();
  }
}
