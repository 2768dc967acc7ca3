import { namedParameters, parametersOf } from "@muladd/nn";
import { AdamW, SGD } from "@muladd/optim";
import { dispose, type HostTensor, Tensor } from "@muladd/tensor";
import type { Weight } from "./judge.ts";
import type { Session } from "./session.ts";

/** One weight, and what an optimizer would make of it. */
export interface WeightReport {
  readonly weight: number;
  readonly gradient: number;
  readonly loss: number;
  /** The loss with each of the asked values in its place. */
  readonly losses: readonly number[];
  /** What AdamW holds of it; absent where the run does not train with AdamW. */
  readonly adam?: {
    readonly m: number;
    readonly v: number;
    readonly steps: number;
    /** What they become with this gradient, and what is added to the weight at the asked rate. */
    readonly nextM: number;
    readonly nextV: number;
    readonly change: number;
  };
}

/** One step of plain gradient descent, or of AdamW with copies of the run's moments, which stay as they are. */
export async function move(
  { model, trainer, backend }: Session,
  gradients: ReadonlyMap<string, HostTensor>,
  rule: "gradient" | "adamw",
  rate: number,
): Promise<void> {
  const grads = new Map<Tensor, Tensor>();
  const names = new Map<Tensor, string>();
  for (const [name, p] of namedParameters(model)) {
    names.set(p, name);
    const g = gradients.get(name);
    if (g) grads.set(p, Tensor.from(backend, g.data, g.shape));
  }
  try {
    if (rule === "gradient") {
      using descent = new SGD(parametersOf(model));
      descent.step(grads, rate);
      return;
    }
    const { optimizer } = trainer.config;
    if (optimizer.kind !== "adamw")
      throw new Error("this run trains with SGD, which holds no moments; apply the plain gradient");
    using adam = new AdamW(parametersOf(model), optimizer);
    const { tensors } = await trainer.save();
    for (const [p, kind, cell] of adam.state())
      cell.write(tensors.get(`optimizer.${kind}.${names.get(p)}`)!.data);
    adam.steps = trainer.step;
    adam.step(grads, rate);
  } finally {
    dispose([...grads.values()]);
  }
}

/** AdamW's numbers of one weight: Kingma & Ba 2015, algorithm 1, with the decay of Loshchilov & Hutter 2019. */
export async function adamOf(
  { trainer }: Session,
  { parameter, index }: Weight,
  { gradient, now, rate }: { gradient: number; now: number; rate: number },
): Promise<WeightReport["adam"]> {
  const { optimizer } = trainer.config;
  if (optimizer.kind !== "adamw") return undefined;
  const { tensors } = await trainer.save();
  const of = (kind: "m" | "v") => tensors.get(`optimizer.${kind}.${parameter}`)!;
  const [m, v] = [of("m").data[index]!, of("v").data[index]!];
  const [beta1, beta2] = optimizer.betas;
  const steps = trainer.step + 1;
  const nextM = beta1 * m + (1 - beta1) * gradient;
  const nextV = beta2 * v + (1 - beta2) * gradient * gradient;
  const mean = nextM / (1 - beta1 ** steps);
  const root = Math.sqrt(nextV / (1 - beta2 ** steps));
  const decay = of("m").shape.length >= 2 ? optimizer.weightDecay : 0; // as AdamW's `decays`
  const change = -rate * decay * now - (rate * mean) / (root + optimizer.epsilon);
  return { m, v, steps: trainer.step, nextM, nextV, change };
}
