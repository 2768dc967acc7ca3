import type { AttentionDims } from "@muladd/tensor";
import { dotProduct, GRADIENT } from "./compare.ts";
import { done, type Family, whole } from "./stress-draw.ts";

/** Sums of thousands of terms and derivatives of norms of almost equal numbers: measured below 4e-5. */
const AMPLIFIED = 1e-4;

/** Each fused kernel, with its gradient where it has one. */
export const fusedFamilies: readonly Family[] = [
  (d) => {
    const [rows, I, O] = [d.size(), d.long(), d.long()];
    const activation = d.pick([undefined, "gelu", "geluTanh"] as const);
    const [biased, added] = [d.below(2) === 1, d.below(2) === 1];
    const [x, w, b] = [d.numbers([rows, I]), d.numbers([O, I]), d.numbers([O])];
    const [r, out, slope] = [d.numbers([rows, O]), d.result([rows, O]), d.result([rows, O])];
    return d.call(
      `linear ${activation} ${biased} ${added}`,
      Math.max(GRADIENT, dotProduct(I)),
      ({ linear }, o) => {
        if (!linear) return false;
        const [bias, residual] = [biased ? o[b]! : undefined, added ? o[r]! : undefined];
        const to = activation && o[slope]!;
        return done(linear(o[out]!, to, o[x]!, o[w]!, bias, residual, activation));
      },
    );
  },
  (d) => {
    const shape = [d.long(), d.size()];
    const [gate, up, g] = [d.numbers(shape), d.numbers(shape), d.numbers(shape)];
    const [y, dgate, dup] = [d.result(shape), d.result(shape), d.result(shape)];
    return d.call("swiglu and gradient", GRADIENT, ({ swiglu, swigluGrad }, o) => {
      if (!swiglu || !swigluGrad) return false;
      swiglu(o[y]!, o[gate]!, o[up]!);
      return done(swigluGrad(o[dgate]!, o[dup]!, o[gate]!, o[up]!, o[g]!));
    });
  },
  (d) => {
    const [B, T, heads, D] = [d.size(3), d.size(), d.some(4), 2 * d.some(20)];
    const start = d.below(5);
    const shape = [B, T, heads * D + d.pick([0, D, 2 * D])];
    const [x, table] = [d.numbers(shape), d.numbers([start + T + d.below(3), D])];
    const out = d.result(shape);
    const dims = { heads, start, inverse: d.below(2) === 1 };
    return d.call(`rotary ${JSON.stringify(dims)}`, GRADIENT, ({ rotary }, o) =>
      rotary ? done(rotary(o[out]!, o[x]!, o[table]!, dims)) : false,
    );
  },
  (d) => {
    const [rows, C, V] = [d.long(), d.some(), d.long()];
    const [hidden, weight] = [d.numbers([rows, C]), d.numbers([Math.max(1, V), C])];
    const targets = d.integers([rows], -1, Math.max(1, V));
    const [loss, dhidden, dweight] = [
      d.result([]),
      d.result([rows, C]),
      d.result([Math.max(1, V), C]),
    ];
    // NaN of one row reaches sums over rows by 0 · NaN or not: then only threads are compared.
    const tolerance = d.odd ? Infinity : AMPLIFIED;
    return d.call("linearCrossEntropy and gradient", tolerance, ({ linearCrossEntropy }, o) => {
      if (!linearCrossEntropy) return false;
      const to = [o[loss]!, o[dhidden]!, o[dweight]!] as const;
      return done(linearCrossEntropy(...to, o[hidden]!, o[weight]!, o[targets]!, 0.125));
    });
  },
  (d) => {
    const [x, y, z] = [d.numbers([d.long(), d.size()]), d.numbers([d.size()]), d.numbers([])];
    const out = d.result([]);
    return d.call("squaredNorm", GRADIENT, ({ squaredNorm }, o) =>
      squaredNorm ? done(squaredNorm(o[out]!, [o[x]!, o[y]!, o[z]!])) : false,
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
    const [x, y, z, slope] = [d.numbers(shape), d.result(shape), d.result(shape), d.result(shape)];
    return d.call(`${op} and derivative`, GRADIENT, (k, o) => {
      const kernel = k[op];
      if (!kernel) return false;
      kernel(o[y]!, undefined, o[x]!);
      return done(kernel(o[z]!, o[slope]!, o[x]!));
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
    const causal = d.below(2) === 1;
    const window = causal && d.below(2) === 1 ? 1 + d.below(S) : undefined;
    const dims: AttentionDims = { scale: 1 / Math.sqrt(D), causal, window };
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
