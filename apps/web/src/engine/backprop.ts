import { GPT, type GPTConfig, writeWeights } from "@muladd/gpt";
import { drawBatch } from "@muladd/gpt/train";
import { init, namedParameters, parametersOf } from "@muladd/nn";
import { AdamW, SGD } from "@muladd/optim";
import {
  type Backend,
  dispose,
  fused,
  type HostTensor,
  mul,
  sub,
  Tensor,
  tidy,
} from "@muladd/tensor";
import type { Engine, Handlers } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { namesIn, parseExpression } from "./expression.ts";
import { checkWeights, drawWeights, type Example } from "./gradient-check.ts";
import type { Checked, Weight } from "./judge.ts";
import { lossByModules } from "./loss-by-modules.ts";
import type { Session } from "./session.ts";
import { type FullTrace, type TensorView, type Trace, trace, viewOf } from "./trace.ts";
import { turn } from "./turn.ts";

/** Which tokens the loss is of. */
export type ExampleChoice =
  | { readonly kind: "text"; readonly text: string }
  /** A piece of the training text: number `index` of those drawn for looking at. */
  | { readonly kind: "training"; readonly index: number };

/** The tape of a model's loss on one example. */
export interface ModelTrace extends Trace {
  readonly step: number;
  /** Each token as text; the loss is of all but the first, each from those before it. */
  readonly tokens: readonly string[];
  /** The text was longer than this. */
  readonly cut: boolean;
}

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

export interface Applied {
  readonly before: number;
  readonly after: number;
}

export interface BackpropRequests {
  backpropTrace: {
    params: {
      readonly example: ExampleChoice;
      readonly moment?: number | undefined;
      readonly composed: readonly string[];
    };
    result: ModelTrace;
  };
  /** An array of a trace: "value:3", "grad:3", "given:7:0". */
  backpropTensor: { params: { readonly trace: number; readonly key: string }; result: TensorView };
  /** Each result is also told as a part. */
  backpropCheck: {
    params: { readonly trace: number; readonly weights: readonly Weight[] | number };
    result: readonly Checked[];
  };
  /** The loss at θ − η·g for each η, and its slope there at η = 0, −‖g‖². */
  backpropLine: {
    params: { readonly trace: number; readonly rates: readonly number[] };
    result: { readonly loss: number; readonly slope: number; readonly losses: readonly number[] };
  };
  backpropWeight: {
    params: {
      readonly trace: number;
      readonly weight: Weight;
      readonly values: readonly number[];
      readonly rate: number;
    };
    result: WeightReport;
  };
  /** Moves the model on the page, outside of its run: the optimizer's memory and the count of steps stay. */
  backpropApply: {
    params: { readonly trace: number; readonly rule: "gradient" | "adamw"; readonly rate: number };
    result: Applied;
  };
  /** Takes the last of those back. */
  backpropUndo: { params: undefined; result: { readonly left: number } };
  backpropExpression: {
    params: { readonly text: string; readonly leaves: Readonly<Record<string, number>> };
    result: Trace;
  };
}

/** Tokens that a trace shows at most: beyond that its heatmaps say nothing to the eye. */
const MOST_TOKENS = 64;
const MOST_UNDONE = 20;

interface Kept extends FullTrace {
  readonly id: number;
  /** Absent for an expression. */
  readonly of?: { readonly session: Session; readonly example: Example; readonly step: number };
}

interface Undo {
  readonly session: Session;
  readonly step: number;
  readonly weights: ReadonlyMap<string, HostTensor>;
}

/** The tape of the model on the page, what is checked against it, and steps along its gradient. Arrays are kept on the host. */
export function backprop(engine: Engine): Pick<Handlers, keyof BackpropRequests> {
  const kept = new Map<"model" | "expression", Kept>();
  const undo: Undo[] = [];
  let ids = 0;

  const keep = (kind: "model" | "expression", full: FullTrace, of?: Kept["of"]): Trace => {
    const id = ++ids;
    kept.set(kind, { ...full, id, ...(of ? { of } : {}) });
    const { value, nodes, backward } = full;
    return { id, value, nodes, backward };
  };
  const find = (id: number): Kept => {
    for (const one of kept.values()) if (one.id === id) return one;
    throw new Error("that example is gone; trace one again");
  };
  const ofModel = (id: number) => {
    const one = find(id);
    if (!one.of || one.of.session !== engine.session)
      throw new Error("that example is of another model; trace one again");
    return { ...one.of, gradients: gradientsOf(one), loss: one.value };
  };

  return {
    async backpropTrace({ example, moment, composed }) {
      const { session } = engine;
      return session.lock.run(async () => {
        const model = session.modelAt(moment);
        const step = moment ?? session.trainer.step;
        const { tokens, cut } = await tokensOf(session, example);
        const full = await traceLoss(model, tokens, new Set(composed));
        const weights = weightsOf(full);
        const of = {
          session,
          step,
          example: { config: session.recipe.model, weights, ...shifted(tokens) },
        };
        const { tokenizer } = session.recipe;
        const words = Array.from(tokens, (id) => tokenizer.decode([id]));
        return { ...keep("model", full, of), step, tokens: words, cut };
      });
    },

    async backpropTensor({ trace, key }) {
      const array = find(trace).arrays.get(key);
      if (!array) throw new Error(`nothing came by at ${key}; the backward pass did not reach it`);
      return viewOf(array);
    },

    async backpropCheck({ trace, weights }, { signal, part }) {
      const { example, gradients } = ofModel(trace);
      const chosen = typeof weights === "number" ? drawWeights(gradients, weights) : weights;
      for (const weight of chosen) checkIndex(gradients, weight);
      return checkWeights(example, gradients, chosen, async (checked) => {
        part(checked);
        await turn();
        return !signal.aborted;
      });
    },

    async backpropLine({ trace, rates }, { signal }) {
      const { session, example, gradients, loss } = ofModel(trace);
      return session.lock.run(async () => {
        using scratch = new Scratch(session.backend, example);
        const losses: number[] = [];
        for (const rate of rates) {
          if (signal.aborted) break;
          losses.push(await scratch.lossAlong(gradients, rate));
        }
        let slope = 0;
        for (const { data } of gradients.values()) for (const g of data) slope -= g * g;
        return { loss, slope, losses };
      });
    },

    async backpropWeight({ trace, weight, values, rate }) {
      const { session, example, gradients, loss } = ofModel(trace);
      checkIndex(gradients, weight);
      return session.lock.run(async () => {
        using scratch = new Scratch(session.backend, example);
        const losses: number[] = [];
        for (const value of values) losses.push(await scratch.lossWith(weight, value));
        const gradient = gradients.get(weight.parameter)!.data[weight.index]!;
        const now = example.weights.get(weight.parameter)!.data[weight.index]!;
        const adam = await adamOf(session, weight, { gradient, now, rate });
        return { weight: now, gradient, loss, losses, ...(adam ? { adam } : {}) };
      });
    },

    async backpropApply({ trace, rule, rate }) {
      const { session, example, gradients, step, loss } = ofModel(trace);
      return session.lock.run(async () => {
        const weights = await session.weights();
        if (step !== session.trainer.step || !equalWeights(weights, example.weights))
          throw new Error("the model has moved since this example was traced; trace it again");
        if (!(rate > 0 && rate < Infinity))
          throw new RangeError(`the rate ${rate} must be above 0; take 0.1, say`);
        await move(session, gradients, rule, rate);
        undo.push({ session, step, weights });
        if (undo.length > MOST_UNDONE) undo.shift();
        return { before: loss, after: await lossOf(session.model, example) };
      });
    },

    async backpropUndo() {
      const { session } = engine;
      return session.lock.run(() => {
        const last = undo.at(-1);
        if (!last) throw new Error("there is nothing to take back");
        if (last.session !== session || last.step !== session.trainer.step) {
          undo.length = 0;
          throw new Error(
            "the model was trained on since; what was applied cannot be taken back alone",
          );
        }
        undo.pop();
        writeWeights(session.model, last.weights, "the model before");
        return { left: undo.length };
      });
    },

    async backpropExpression({ text, leaves }) {
      const { backend } = engine;
      const expression = parseExpression(text);
      const on = new Map(
        namesIn(expression).map((name) => [name, Tensor.from(backend, [leaves[name] ?? 1], [])]),
      );
      try {
        return keep("expression", await trace(() => evaluate(expression, on), on));
      } finally {
        dispose(on);
      }
    },
  };
}

/** Records the tape of the model's loss of tokens, each from those before it. Gives all device memory back. */
export async function traceLoss(
  model: GPT,
  tokens: Int32Array,
  composed: ReadonlySet<string>,
): Promise<FullTrace> {
  const { backend } = model.tokens.weight;
  const { ids, targets } = onDevice(backend, shifted(tokens));
  let place = "";
  const enter = (to: string) => {
    place = to;
  };
  try {
    return await trace(
      () =>
        lossByModules(model, ids, targets, { enter, logits: composed.has("linearCrossEntropy") }),
      new Map(namedParameters(model)),
      {
        composed,
        constants: new Map([
          [ids, "ids"],
          [targets, "targets"],
        ]),
        place: () => place,
        isFused: (op) => Object.hasOwn(fused, op),
      },
    );
  } finally {
    dispose([ids, targets]);
  }
}

async function tokensOf(session: Session, choice: ExampleChoice) {
  const { context } = session.recipe.model;
  const most = Math.min(context, MOST_TOKENS) + 1;
  if (choice.kind === "training") {
    const at = { seed: session.trainer.config.seed, stream: "backprop", index: choice.index };
    const sizes = { batch: 1, context: most - 1 };
    using batch = drawBatch(session.backend, session.recipe.split.train, sizes, at);
    const [ids, targets] = [await batch.ids.data(), await batch.targets.data()];
    return { tokens: Int32Array.of(ids[0]!, ...targets), cut: false };
  }
  const all = session.recipe.tokenizer.encode(choice.text, { disallowedSpecial: [] });
  if (all.length < 2)
    throw new RangeError(
      `the text has ${all.length} tokens; the loss is of the second from the first, so give two at least`,
    );
  return { tokens: Int32Array.from(all.slice(-most)), cut: all.length > most };
}

const shifted = (tokens: Int32Array) => ({ ids: tokens.slice(0, -1), targets: tokens.slice(1) });

const onDevice = (backend: Backend, example: Pick<Example, "ids" | "targets">) => {
  const on = (data: Int32Array) => Tensor.from(backend, data, [1, data.length], "i32");
  return tidy(() => ({ ids: on(example.ids), targets: on(example.targets) }));
};

/** Arrays of the leaves, by name. */
function ofLeaves({ nodes, arrays }: FullTrace, what: "value" | "grad"): Map<string, HostTensor> {
  const found = new Map<string, HostTensor>();
  for (const { id, kind, name } of nodes) {
    const array = kind === "leaf" ? arrays.get(`${what}:${id}`) : undefined;
    if (array) found.set(name, array);
  }
  return found;
}
const weightsOf = (full: FullTrace) => ofLeaves(full, "value");
/** The gradient of each leaf that has one. */
export const gradientsOf = (full: FullTrace): Map<string, HostTensor> => ofLeaves(full, "grad");

function checkIndex(
  gradients: ReadonlyMap<string, HostTensor>,
  { parameter, index }: Weight,
): void {
  const length = gradients.get(parameter)?.data.length;
  if (length === undefined)
    throw new RangeError(`there is no parameter ${parameter} in this model`);
  if (!(Number.isInteger(index) && index >= 0 && index < length))
    throw new RangeError(`${parameter} has numbers 0 … ${length - 1}, no ${index}`);
}

/** A second model, to try weights on. */
class Scratch implements Disposable {
  readonly #model: GPT;
  readonly #example: Example;
  readonly #tensors: { readonly ids: Tensor; readonly targets: Tensor };
  readonly #base = new Map<string, Tensor>();
  readonly #gradients = new Map<string, Tensor>();

  constructor(backend: Backend, example: Example) {
    this.#example = example;
    this.#model = new GPT(example.config as GPTConfig, init(backend, 0));
    writeWeights(this.#model, example.weights, "the model on the page");
    this.#tensors = onDevice(backend, example);
  }

  async #loss(): Promise<number> {
    using loss = this.#model.loss(this.#tensors.ids, this.#tensors.targets);
    return loss.item();
  }

  async lossWith({ parameter, index }: Weight, value: number): Promise<number> {
    const data = this.#example.weights.get(parameter)!.data.slice();
    data[index] = value;
    const cell = new Map(namedParameters(this.#model)).get(parameter)!;
    cell.write(data);
    return this.#loss();
  }

  async lossAlong(gradients: ReadonlyMap<string, HostTensor>, rate: number): Promise<number> {
    for (const [name, p] of namedParameters(this.#model)) {
      const g = gradients.get(name);
      if (!g) continue;
      if (!this.#base.has(name)) {
        this.#base.set(
          name,
          Tensor.from(p.backend, this.#example.weights.get(name)!.data, p.shape),
        );
        this.#gradients.set(name, Tensor.from(p.backend, g.data, p.shape));
      }
      using next = tidy(() => sub(this.#base.get(name)!, mul(this.#gradients.get(name)!, rate)));
      p.assign(next);
    }
    return this.#loss();
  }

  [Symbol.dispose](): void {
    dispose([this.#model, this.#tensors, this.#base, this.#gradients]);
  }
}

async function lossOf(model: GPT, example: Example): Promise<number> {
  const tensors = onDevice(model.tokens.weight.backend, example);
  try {
    using loss = model.loss(tensors.ids, tensors.targets);
    return await loss.item();
  } finally {
    dispose(tensors);
  }
}

/** One step of plain gradient descent, or of AdamW with copies of the run's moments, which stay as they are. */
async function move(
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
async function adamOf(
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

function equalWeights(
  a: ReadonlyMap<string, HostTensor>,
  b: ReadonlyMap<string, HostTensor>,
): boolean {
  for (const [name, { data }] of a) {
    const other = b.get(name)?.data;
    if (!other || !data.every((x, i) => Object.is(x, other[i]))) return false;
  }
  return true;
}
