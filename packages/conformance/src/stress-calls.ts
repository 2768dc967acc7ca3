import {
  type AttentionDims,
  type Dense,
  type DType,
  denseStrides,
  type FusedKernels,
  type Kernels,
  Rng,
  type Shape,
  size,
  type View,
} from "@muladd/tensor";
import { dotProduct, FORWARD, GRADIENT } from "./compare.ts";

/** A buffer of a call, and what it holds before. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
}

/** One kernel, or a forward kernel and its gradient, on operands: the same on every backend. */
export interface Call {
  /** The kernel and its shapes. */
  readonly name: string;
  readonly operands: readonly Operand[];
  /** Which of them are results. */
  readonly results: readonly number[];
  /** Largest |actual − expected| over the largest finite result, or 1; ∞ where only threads are compared. */
  readonly tolerance: number;
  /** False where a kernel is missing. */
  run(kernels: Kernels & Partial<FusedKernels>, operands: readonly Dense[]): boolean;
}

/** Where vectors, tiles, blocks and rows of a cache line begin and end. */
const EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 63, 65, 96, 97];
const LONG = [127, 129, 255, 257, 300, 513];
/** Sums of thousands of terms and derivatives of norms of almost equal numbers: measured below 4e-5. */
const AMPLIFIED = 1e-4;

/** What a call is made of, drawn from (seed, index) alone. */
class Draw {
  readonly operands: Operand[] = [];
  readonly results: number[] = [];
  readonly #rng: Rng;
  /** Whether NaN, infinities and both zeros are among the numbers. */
  readonly odd: boolean;

  constructor(seed: number, index: number) {
    this.#rng = Rng.at(seed, "stress", index);
    this.odd = this.below(4) === 0;
  }

  below(n: number): number {
    return Math.floor(this.#rng.uniform() * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** A size: an edge, or any up to `most`; 0 and 1 among them. */
  size(most = 40): number {
    if (this.below(3) === 0) return Math.min(most, this.pick(EDGES));
    return this.below(most + 1);
  }

  some(most = 40): number {
    return Math.max(1, this.size(most));
  }

  /** Up to a few hundred, now and then. */
  long(): number {
    return this.below(8) === 0 ? this.pick(LONG) : this.size();
  }

  /** Numbers in [−2, 2) that float32 holds, or [0, 2) for `positive`. */
  numbers(shape: Shape, positive = false): number {
    return this.#put(shape, "f32", () => {
      if (this.odd && this.below(24) === 0)
        return this.pick(
          positive ? [0, Infinity, Number.NaN] : [0, -0, Infinity, -Infinity, Number.NaN],
        );
      const x = this.#rng.uniform();
      return Math.fround(positive ? 2 * x : 4 * x - 2);
    });
  }

  integers(shape: Shape, low: number, above: number): number {
    return this.#put(shape, "i32", () => low + this.below(above - low));
  }

  result(shape: Shape, dtype: DType = "f32"): number {
    // What no kernel computes: an element that is not written shows.
    const at = this.#put(shape, dtype, () => -7777);
    this.results.push(at);
    return at;
  }

  /** In place: read and written. */
  state(shape: Shape, positive = false): number {
    const at = this.numbers(shape, positive);
    this.results.push(at);
    return at;
  }

  /** A window of `shape` onto a new operand: axes in any order, with gaps, an offset, and, unless `whole`, repeated. */
  window(shape: Shape, dtype: DType, whole = false): (operands: readonly Dense[]) => View {
    const order = shape.map((_, axis) => axis);
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    if (this.below(2)) order.sort((a, b) => a - b);
    const strides = shape.map(() => 0);
    let elements = 1;
    for (const axis of order.reverse()) {
      if (!whole && this.below(5) === 0) continue;
      strides[axis] = elements;
      elements *= shape[axis]! + (this.below(6) === 0 ? this.below(4) : 0);
    }
    const offset = this.below(3) === 0 ? this.below(6) : 0;
    const flat = [elements + offset];
    const at = whole
      ? this.result(flat, dtype)
      : dtype === "i32"
        ? this.integers(flat, -2, 3)
        : this.numbers(flat);
    return (operands) => ({ ...operands[at]!, shape, strides, offset });
  }

  call(name: string, tolerance: number, run: Call["run"]): Call {
    const { operands, results } = this;
    const shapes = operands.map(({ shape }) => `(${shape})`).join(" ");
    return {
      name: `${name} ${shapes}${this.odd ? " with NaN and ∞" : ""}`,
      operands,
      results,
      tolerance,
      run,
    };
  }

  #put(shape: Shape, dtype: DType, at: (i: number) => number): number {
    const data = Float64Array.from({ length: size(shape) }, (_, i) => at(i));
    return this.operands.push({ shape, dtype, data }) - 1;
  }
}

type Family = (d: Draw) => Call;

const done = (_: unknown): boolean => true;
const whole = (x: Dense): View => ({ ...x, strides: denseStrides(x.shape), offset: 0 });

const shapeOf = (d: Draw): number[] => {
  const rank = 1 + d.below(4);
  return Array.from({ length: rank }, () => (rank < 3 ? d.long() : d.size(9)));
};

/** Each kernel as often as any other. */
const FAMILIES: readonly Family[] = [
  (d) => {
    const dtype = d.pick(["f32", "i32"] as const);
    const out = d.result([d.long(), d.size()], dtype);
    const [start, step] = [d.below(9) - 4, d.pick([0, 0, 1, -3])];
    return d.call(`fill ${start} ${step}`, FORWARD, (k, x) => done(k.fill(x[out]!, start, step)));
  },
  (d) => {
    const shape = shapeOf(d);
    const [from, to] = [d.pick(["f32", "i32"] as const), d.pick(["f32", "i32"] as const)];
    const [x, out] = [d.window(shape, from), d.window(shape, to, true)];
    return d.call(`copy ${from} → ${to} (${shape})`, 0, (k, o) => done(k.copy(out(o), x(o))));
  },
  (d) => {
    const op = d.pick([
      "neg",
      "exp",
      "log",
      "tanh",
      "rsqrt",
      "erf",
      "sin",
      "cos",
      "scale",
      "shift",
    ] as const);
    const shape = [d.long(), d.size()];
    const isInteger = d.below(2) === 0 && (op === "neg" || op === "scale" || op === "shift");
    const x = isInteger ? d.integers(shape, -9, 9) : d.numbers(shape);
    const out = d.result(shape, isInteger ? "i32" : "f32");
    const c = d.below(7) - 3;
    return d.call(`${op} ${c}`, FORWARD, (k, o) => done(k.unary(op, o[out]!, o[x]!, c)));
  },
  (d) => {
    const dtype = d.pick(["f32", "f32", "i32"] as const);
    const ops = ["add", "sub", "mul", "maximum", "greaterEqual", "equal"] as const;
    const op = dtype === "i32" ? d.pick(ops) : d.pick([...ops, "div"] as const);
    const shape = shapeOf(d);
    const [a, b] = [d.window(shape, dtype), d.window(shape, dtype)];
    const out = d.result(shape, dtype);
    return d.call(`${op} ${dtype}`, FORWARD, (k, o) => done(k.binary(op, o[out]!, a(o), b(o))));
  },
  (d) => {
    const shape = shapeOf(d);
    const dtype = d.pick(["f32", "i32"] as const);
    const mask = d.window(shape, d.pick(["f32", "i32"] as const));
    const [a, b] = [d.window(shape, dtype), d.window(shape, dtype)];
    const out = d.result(shape, dtype);
    return d.call("select", 0, (k, o) => done(k.select(o[out]!, mask(o), a(o), b(o))));
  },
  (d) => {
    const op = d.pick(["sum", "max"] as const);
    const dtype = d.pick(["f32", "f32", "i32"] as const);
    // An empty max of integers, which have no −∞, is anything.
    const least = op === "max" && dtype === "i32" ? 1 : 0;
    const dims = [d.size(), Math.max(least, d.long()), d.pick([1, d.size()])] as const;
    const x = dtype === "i32" ? d.integers(dims, -99, 99) : d.numbers(dims);
    const out = d.result([dims[0], dims[2]], dtype);
    return d.call(op, dotProduct(dims[1]), (k, o) => done(k.reduce(op, o[out]!, o[x]!, dims)));
  },
  (d) => {
    const [batch, m, k, n] = [d.pick([1, 1, d.size(5)]), d.long(), d.long(), d.size()];
    const dims = { batch, m, k, n, transposeA: d.below(2) === 1, transposeB: d.below(2) === 1 };
    const [a, b, out] = [
      d.numbers([batch, m, k]),
      d.numbers([batch, k, n]),
      d.result([batch, m, n]),
    ];
    return d.call(`matmul ${JSON.stringify(dims)}`, dotProduct(k), (kernels, o) =>
      done(kernels.matmul(o[out]!, o[a]!, o[b]!, dims)),
    );
  },
  (d) => {
    const [rows, I, O] = [d.size(), d.long(), d.long()];
    const [x, w, b, out] = [
      d.numbers([rows, I]),
      d.numbers([O, I]),
      d.numbers([O]),
      d.result([rows, O]),
    ];
    const biased = d.below(2) === 1;
    return d.call(`linear ${biased}`, dotProduct(I), ({ linear }, o) =>
      linear ? done(linear(o[out]!, o[x]!, o[w]!, biased ? o[b]! : undefined)) : false,
    );
  },
  (d) => {
    const [V, C, n] = [d.some(), d.long(), d.size()];
    const [table, ids, out] = [d.numbers([V, C]), d.integers([n], -2, V + 2), d.result([n, C])];
    return d.call("gather", 0, (k, o) => done(k.gather(o[out]!, o[table]!, o[ids]!)));
  },
  (d) => {
    const [V, C, n] = [d.some(), d.long(), d.size()];
    const [out, ids, rows] = [d.state([V, C]), d.integers([n], -2, V + 2), d.numbers([n, C])];
    return d.call("scatterAdd", FORWARD, (k, o) => done(k.scatterAdd(o[out]!, o[rows]!, o[ids]!)));
  },
  (d) => {
    const out = d.result([d.long(), d.size()]);
    const [a, b, counter] = [d.below(2 ** 32), d.below(2 ** 32), d.below(2 ** 32)];
    return d.call(`uniform ${a} ${b} ${counter}`, 0, (k, o) =>
      done(k.uniform(o[out]!, [a, b], counter)),
    );
  },
  (d) => {
    const shape = [d.size(), d.some(300)];
    const [x, g, y, dx] = [d.numbers(shape), d.numbers(shape), d.result(shape), d.result(shape)];
    return d.call("softmax and gradient", GRADIENT, ({ softmax, softmaxGrad }, o) => {
      if (!softmax || !softmaxGrad) return false;
      softmax(o[y]!, o[x]!);
      return done(softmaxGrad(o[dx]!, o[y]!, o[g]!));
    });
  },
  (d) => {
    const op = d.pick(["gelu", "geluTanh"] as const);
    const shape = [d.long(), d.size()];
    const [x, g, y, dx] = [d.numbers(shape), d.numbers(shape), d.result(shape), d.result(shape)];
    return d.call(`${op} and gradient`, GRADIENT, (k, o) => {
      const [forward, backward] = [k[op], k[`${op}Grad`]];
      if (!forward || !backward) return false;
      forward(o[y]!, o[x]!);
      return done(backward(o[dx]!, o[x]!, o[g]!));
    });
  },
  (d) => {
    const [rows, C] = [d.long(), d.some(200)];
    const biased = d.below(2) === 1;
    const [x, gain, bias, g] = [
      d.numbers([rows, C]),
      d.numbers([C]),
      d.numbers([C]),
      d.numbers([rows, C]),
    ];
    const [y, mean, rstd] = [d.result([rows, C]), d.result([rows]), d.result([rows])];
    const [dx, dgain, dbias] = [d.result([rows, C]), d.result([C]), d.result([C])];
    return d.call(
      `layerNorm and gradient ${biased}`,
      AMPLIFIED,
      ({ layerNorm, layerNormGrad }, o) => {
        if (!layerNorm || !layerNormGrad) return false;
        const maybe = (at: number) => (biased ? o[at]! : undefined);
        layerNorm(o[y]!, o[mean]!, o[rstd]!, o[x]!, o[gain]!, maybe(bias), 1e-5);
        return done(
          layerNormGrad(
            o[dx]!,
            o[dgain]!,
            maybe(dbias),
            o[x]!,
            o[gain]!,
            o[mean]!,
            o[rstd]!,
            o[g]!,
          ),
        );
      },
    );
  },
  (d) => {
    const [rows, C] = [d.long(), d.some(200)];
    const [x, gain, g] = [d.numbers([rows, C]), d.numbers([C]), d.numbers([rows, C])];
    const [y, rstd] = [d.result([rows, C]), d.result([rows])];
    const [dx, dgain] = [d.result([rows, C]), d.result([C])];
    return d.call("rmsNorm and gradient", AMPLIFIED, ({ rmsNorm, rmsNormGrad }, o) => {
      if (!rmsNorm || !rmsNormGrad) return false;
      rmsNorm(o[y]!, o[rstd]!, o[x]!, o[gain]!, 1e-5);
      return done(rmsNormGrad(o[dx]!, o[dgain]!, o[x]!, o[gain]!, o[rstd]!, o[g]!));
    });
  },
  (d) => {
    const [rows, V] = [d.size(), d.some(300)];
    const [x, ids, g] = [d.numbers([rows, V]), d.integers([rows], -1, V + 1), d.numbers([rows])];
    const [losses, logSum, dx] = [d.result([rows]), d.result([rows]), d.result([rows, V])];
    return d.call(
      "crossEntropy and gradient",
      GRADIENT,
      ({ crossEntropy, crossEntropyGrad }, o) => {
        if (!crossEntropy || !crossEntropyGrad) return false;
        crossEntropy(o[losses]!, o[logSum]!, o[x]!, o[ids]!);
        return done(crossEntropyGrad(o[dx]!, o[x]!, o[ids]!, o[logSum]!, o[g]!));
      },
    );
  },
  (d) => {
    const [B, K, group, D] = [d.size(3), d.some(3), 1 + d.below(3), d.some(33)];
    const T = d.size(30);
    const S = T + d.pick([0, 0, d.below(20)]);
    const H = K * group;
    const dims: AttentionDims = { scale: 1 / Math.sqrt(D), causal: d.below(2) === 1 };
    // A kernel may multiply a masked value by 0, as the composition does, or skip it: then NaN is here and not there.
    const tolerance = dims.causal && d.odd ? Infinity : GRADIENT;
    const q = d.numbers([B, T, H, D]);
    const [k, v] = [d.numbers([B, S, K, D]), d.numbers([B, S, K, D])];
    const g = d.numbers([B, T, H * D]);
    const [out, logSum] = [d.result([B, T, H * D]), d.result([B, H, T])];
    const [dq, dk, dv] = [d.result([B, T, H, D]), d.result([B, S, K, D]), d.result([B, S, K, D])];
    return d.call(
      `attention and gradient ${JSON.stringify(dims)}`,
      tolerance,
      ({ attention, attentionGrad }, o) => {
        if (!attention || !attentionGrad) return false;
        const [vq, vk, vv] = [whole(o[q]!), whole(o[k]!), whole(o[v]!)];
        attention(o[out]!, o[logSum]!, vq, vk, vv, dims);
        const [wq, wk, wv] = [whole(o[dq]!), whole(o[dk]!), whole(o[dv]!)];
        return done(attentionGrad(wq, wk, wv, vq, vk, vv, o[out]!, o[logSum]!, o[g]!, dims));
      },
    );
  },
  (d) => {
    const shape = [d.long(), d.size()];
    const [p, m, v] = [d.state(shape), d.state(shape), d.state(shape, true)];
    const [g, scale] = [d.numbers(shape), d.numbers([1])];
    const t = 1 + d.below(100);
    const step = { rate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, decay: 0.1 };
    const corrected = { ...step, correction1: 1 - 0.9 ** t, correction2: 1 - 0.99 ** t };
    return d.call(`adamW ${t}`, GRADIENT, ({ adamW }, o) =>
      adamW ? done(adamW(o[p]!, o[m]!, o[v]!, o[g]!, o[scale]!, corrected)) : false,
    );
  },
];

/** Call `index` of the sequence that belongs to `seed`. */
export function stressCall(seed: number, index: number): Call {
  const d = new Draw(seed, index);
  return FAMILIES[index % FAMILIES.length]!(d);
}
