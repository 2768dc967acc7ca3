import { reference } from "@muladd/backend-reference";
import {
  dispatchFused,
  type Event,
  type FusedName,
  type FusedOp,
  fused,
  observe,
  type Shape,
  share,
  size,
  Tensor,
  tidy,
} from "@muladd/tensor";
import { cosines, take } from "./apply.ts";
import { inputData, upload } from "./inputs.ts";
import { recall } from "./recall.ts";
import type { GradName, Sample, SampledFused } from "./sample.ts";
import { samples } from "./samples.ts";

/** How a derivative is called: `outs` are the results and residuals of the op it belongs to, `g` their gradient. */
interface Derivative {
  readonly of: SampledFused;
  inputs<T>(inputs: readonly T[], outs: readonly T[], g: T): readonly T[];
  attrs?(sample: Sample<unknown>): unknown;
}

/** The operands of each …Grad: a missing row does not compile. */
export const derivatives: { readonly [K in GradName]: Derivative } = {
  softmaxGrad: { of: "softmax", inputs: (_, outs, g) => [outs[0]!, g] },
  swigluGrad: { of: "swiglu", inputs: (xs, _, g) => [...xs, g] },
  layerNormGrad: {
    of: "layerNorm",
    inputs: (xs, outs, g) => [xs[0]!, xs[1]!, outs[1]!, outs[2]!, g],
    attrs: ({ inputs }) => ({ bias: inputs.length === 3 }),
  },
  rmsNormGrad: { of: "rmsNorm", inputs: (xs, outs, g) => [xs[0]!, xs[1]!, outs[1]!, g] },
  crossEntropyGrad: {
    of: "crossEntropy",
    inputs: (xs, outs, g) => [xs[0]!, xs[1]!, outs[1]!, g],
  },
  attentionGrad: {
    of: "attention",
    inputs: (xs, outs, g) => [...xs, outs[0]!, outs[1]!, g],
    attrs: ({ attrs }) => attrs,
  },
};

export const isDerivative = (op: FusedName): op is GradName => op in derivatives;

/** An operand on the host. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: "f32" | "i32";
  readonly data: ArrayLike<number>;
}

/** Operands and attributes of one call of a derivative. */
export interface Call {
  readonly operands: readonly Operand[];
  readonly attrs: unknown;
  /** How many products are summed into one element, at most. */
  readonly terms: number;
}

const known = recall<readonly Call[]>();

/** A call for each sample of the op that `op` is the derivative of, with results and residuals as float64 gives them. */
export const callsOf = (op: GradName): Promise<readonly Call[]> => known(op, () => makeCalls(op));

async function makeCalls(op: GradName): Promise<Call[]> {
  const { of, inputs: choose, attrs } = derivatives[op];
  const row = fused[of] as unknown as FusedOp<unknown>;
  using backend = reference({ precision: "f64" });
  const calls: Call[] = [];
  for (const [index, sample] of (samples[of] as readonly Sample<unknown>[]).entries()) {
    const tensors = tidy(() => {
      const xs = upload(backend, sample, inputData(of, sample, index));
      let outs: readonly Tensor[] = [];
      const note = (event: Event) => {
        outs = event.outs.map(share);
      };
      observe({ observe: note }, () => dispatchFused(of, row, xs, sample.attrs));
      const { shape } = outs[0]!;
      return choose(xs, outs, Tensor.from(backend, cosines(size(shape)), shape));
    });
    const specs = tensors.map(({ shape, dtype }) => ({ shape, dtype }));
    const data = await take(tensors);
    calls.push({
      operands: specs.map((spec, i) => ({ ...spec, data: data[i]! })),
      attrs: attrs?.(sample) ?? {},
      terms: Math.max(1, ...specs.flatMap((spec) => spec.shape)),
    });
  }
  return calls;
}
