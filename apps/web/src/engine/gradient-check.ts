import { GPT, type GPTConfig, writeWeights } from "@muladd/gpt";
import { init, namedParameters } from "@muladd/nn";
import { dispose, type HostTensor, Tensor } from "@muladd/tensor";
import { type Checked, judge, STEP, type Weight } from "./judge.ts";
import { summarize } from "./trace.ts";

/** What a loss depends on, on the host. */
export interface Example {
  readonly config: GPTConfig;
  readonly weights: ReadonlyMap<string, HostTensor>;
  readonly ids: Int32Array;
  readonly targets: Int32Array;
}

/**
 * Sets gradients against central differences of the same loss on plain TypeScript in float64 without fused kernels, which
 * shares no derivative with what is checked. `told` hears of each; returns early when it answers false.
 */
export async function checkWeights(
  example: Example,
  gradients: ReadonlyMap<string, HostTensor>,
  weights: readonly Weight[],
  told: (checked: Checked) => Promise<boolean> = async () => true,
): Promise<readonly Checked[]> {
  const { reference } = await import("@muladd/backend-reference");
  using backend = reference({ precision: "f64", fused: false });
  const model = new GPT(example.config, init(backend, 0));
  writeWeights(model, example.weights, "the model on the page");
  const shape = [1, example.ids.length];
  const ids = Tensor.from(backend, example.ids, shape, "i32");
  const targets = Tensor.from(backend, example.targets, shape, "i32");
  const parameters = new Map(namedParameters(model));
  const lossWith = async ({ parameter, index }: Weight, change: number) => {
    const data = Float64Array.from(example.weights.get(parameter)!.data);
    data[index]! += change;
    parameters.get(parameter)!.write(data);
    using loss = model.loss(ids, targets);
    return loss.item();
  };
  const results: Checked[] = [];
  try {
    for (const weight of weights) {
      const { parameter, index } = weight;
      const gradient = gradients.get(parameter)!.data;
      const up = await lossWith(weight, STEP);
      const down = await lossWith(weight, -STEP);
      parameters.get(parameter)!.write(example.weights.get(parameter)!.data);
      const difference = (up - down) / (2 * STEP);
      const checked = judge(weight, gradient[index]!, difference, summarize(gradient).rms);
      results.push(checked);
      if (!(await told(checked))) break;
    }
    return results;
  } finally {
    dispose([model, ids, targets]);
  }
}

/** `count` weights, each number of the model as likely as any other. Those of tensors without a gradient are not drawn. */
export function drawWeights(
  gradients: ReadonlyMap<string, HostTensor>,
  count: number,
  random: () => number = Math.random,
): Weight[] {
  const all = [...gradients].map(([parameter, { data }]) => ({ parameter, length: data.length }));
  const total = all.reduce((n, { length }) => n + length, 0);
  return Array.from({ length: count }, () => {
    let at = Math.floor(random() * total);
    const owner = all.find(({ length }) => {
      if (at < length) return true;
      at -= length;
      return false;
    })!;
    return { parameter: owner.parameter, index: at };
  });
}
