import { writeWeights } from "@muladd/gpt";
import { dispose, type HostTensor, Tensor } from "@muladd/tensor";
import { adamOf, move, type WeightReport } from "./descent.ts";
import type { Engine, Handlers } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { namesIn, parseExpression } from "./expression.ts";
import { checkWeights, drawWeights, type Example } from "./gradient-check.ts";
import type { Checked, Weight } from "./judge.ts";
import { lossOf, Scratch } from "./scratch.ts";
import type { Session } from "./session.ts";
import { type FullTrace, type TensorView, type Trace, trace, viewOf } from "./trace.ts";
import {
  type ExampleChoice,
  gradientsOf,
  shifted,
  tokensOf,
  traceLoss,
  weightsOf,
} from "./trace-loss.ts";
import { turn } from "./turn.ts";

/** The tape of a model's loss on one example. */
export interface ModelTrace extends Trace {
  /** Steps the model was trained for; absent: it is the one with random weights, before there is another. */
  readonly step?: number;
  /** Each token as text; the loss is of all but the first, each from those before it. */
  readonly tokens: readonly string[];
  /** The text was longer than this. */
  readonly cut: boolean;
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

const MOST_UNDONE = 20;

interface Kept extends FullTrace {
  readonly id: number;
  /** Absent for an expression. */
  readonly of?: {
    /** Absent before there is a run. */
    readonly session: Session | undefined;
    readonly step: number | undefined;
    readonly example: Example;
  };
}

interface Undo {
  readonly session: Session;
  readonly step: number;
  readonly weights: ReadonlyMap<string, HostTensor>;
}

/** The tape of the model on the page or, before there is one, of the one with random weights; what is checked against it, and steps along its gradient. Arrays are kept on the host. */
export function backprop(
  engine: Pick<Engine, "alone" | "backend" | "subjects">,
): Pick<Handlers, keyof BackpropRequests> {
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
    if (!one.of || one.of.session !== engine.subjects.session)
      throw new Error("that example is of another model; trace one again");
    return { ...one.of, gradients: gradientsOf(one), loss: one.value };
  };
  /** Runs `body` with a second model that has the weights of a trace; training waits meanwhile. */
  const trying = <T>(
    id: number,
    body: (scratch: Scratch, of: ReturnType<typeof ofModel>) => Promise<T>,
  ): Promise<T> =>
    engine.subjects.with(undefined, async ({ model }) => {
      const of = ofModel(id);
      using scratch = new Scratch(model.tokens.weight.backend, of.example);
      return await body(scratch, of);
    });

  return {
    async backpropTrace({ example, moment, composed }) {
      return engine.subjects.with(moment, async (subject) => {
        const { model, tokenizer, session, step } = subject;
        const { tokens, cut } = await tokensOf(subject, example);
        const full = await traceLoss(model, tokens, new Set(composed));
        const weights = weightsOf(full);
        const of = {
          session,
          step,
          example: { config: model.config, weights, ...shifted(tokens) },
        };
        const words = Array.from(tokens, (id) => tokenizer.decode([id]));
        const trained = step === undefined ? {} : { step };
        return { ...keep("model", full, of), ...trained, tokens: words, cut };
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
      return trying(trace, async (scratch, { gradients, loss }) => {
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
      return trying(trace, async (scratch, { session, example, gradients, loss }) => {
        checkIndex(gradients, weight);
        const losses: number[] = [];
        for (const value of values) losses.push(await scratch.lossWith(weight, value));
        const gradient = gradients.get(weight.parameter)!.data[weight.index]!;
        const now = example.weights.get(weight.parameter)!.data[weight.index]!;
        const adam = session && (await adamOf(session, weight, { gradient, now, rate }));
        return { weight: now, gradient, loss, losses, ...(adam ? { adam } : {}) };
      });
    },

    async backpropApply({ trace, rule, rate }) {
      return engine.alone(async (session) => {
        const { example, gradients, step, loss } = ofModel(trace);
        const weights = await session.weightsAt();
        if (step !== session.trainer.step || !equalWeights(weights, example.weights))
          throw new Error("the model has moved since this example was traced; trace it again");
        if (!(rate > 0 && rate < Infinity))
          throw new RangeError(`the rate ${rate} must be above 0; take 0.1, say`);
        await move(session, gradients, rule, rate);
        undo.push({ session, step: session.trainer.step, weights });
        if (undo.length > MOST_UNDONE) undo.shift();
        return { before: loss, after: await lossOf(session.model, example) };
      });
    },

    async backpropUndo() {
      return engine.alone((session) => {
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
