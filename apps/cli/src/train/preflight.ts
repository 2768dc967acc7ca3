import type { Backend } from "@muladd/tensor";
import { describeBackend } from "../backend.ts";
import { describeTokenizer } from "../tokenizers.ts";
import { duration, integer, quantity, speed } from "../ui/format.ts";
import type { Prepared } from "./prepare.ts";

const BUDGET_MS = 300;
// A step of seconds tells the time by itself; before, nobody should wait for it.
const MOST_FLOP = 2e11;

/**
 * Seconds of a training step, measured on a model made for it and thrown away: the run's numbers do not see it. Takes
 * `budget` milliseconds, or two steps; `undefined` when a step is too long for that.
 */
export async function measureStep(
  p: Prepared,
  backend: Backend,
  budget = BUDGET_MS,
): Promise<number | undefined> {
  if (p.plan.flop.step > MOST_FLOP) return undefined;
  const { GPT } = await import("@muladd/gpt");
  const { DivergedError, Trainer } = await import("@muladd/gpt/train");
  const { blank } = await import("@muladd/nn");
  const { dispose } = await import("@muladd/tensor");
  const model = new GPT(p.config, blank(backend));
  const times: number[] = [];
  try {
    using trainer = new Trainer({ model, config: p.training, data: p.split });
    const begin = performance.now();
    while (times.length < 2 || performance.now() - begin < budget) {
      const start = performance.now();
      await trainer.advance();
      times.push((performance.now() - start) / 1000);
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
  } finally {
    dispose(model);
  }
  // The median of the later half: the first are slow while the engine compiles.
  const late = times.slice(Math.floor(times.length / 2)).sort((a, b) => a - b);
  return late[Math.floor(late.length / 2)];
}

/** Seconds that a run takes: its steps, and evaluations of forward passes, a third of a step each. */
export function runSeconds(
  { training: t }: Pick<Prepared, "training">,
  step: number,
  done = 0,
): number {
  const left = t.steps - done;
  const evaluations = Math.floor(left / t.evalEvery) + 1;
  return left * step + (evaluations * t.evalBatches * step) / (3 * t.accumulate);
}

/** The block before the first step: data, model, cost, memory. */
export function describeRun(
  p: Prepared,
  backend: Backend,
  step: number | undefined,
  done = 0,
): string[] {
  const { config: c, data, split, tokenizer, plan } = p;
  const sizes = [
    `${c.layers} layer${c.layers === 1 ? "" : "s"}`,
    `${c.heads} head${c.heads === 1 ? "" : "s"}`,
    `width ${c.width}`,
    `context ${c.context}`,
    `${c.positions} positions`,
  ];
  const cost = [
    `${integer(plan.parameters.total)} params`,
    `${quantity(plan.flop.step, "FLOP")}/step`,
    ...(step === undefined
      ? [describeBackend(backend)]
      : [
          `${speed(1 / step)} step/s (${describeBackend(backend)})`,
          `about ${duration(Math.max(runSeconds(p, step, done), 1))}`,
        ]),
  ];
  const { total, activations } = plan.bytes.training;
  return [
    `data   ${data.name}  ${integer(data.text.length)} chars → ${integer(split.train.length)} + ${integer(split.heldOut.length)} tokens (${describeTokenizer(tokenizer)})`,
    `model  ${p.label}  ${sizes.join(" · ")}`,
    `cost   ${cost.join(" · ")}`,
    `memory ${quantity(total, "B")}, ${quantity(activations, "B")} of it activations`,
  ];
}

/** The same as data. */
export function describeRunAsJSON(p: Prepared, backend: Backend, step: number | undefined): object {
  return {
    v: 1,
    run: p.path,
    data: {
      name: p.data.name,
      characters: p.data.text.length,
      trainTokens: p.split.train.length,
      heldOutTokens: p.split.heldOut.length,
    },
    tokenizer: { kind: p.tokenizer.kind, size: p.tokenizer.size },
    model: p.config,
    training: p.training,
    backend: describeBackend(backend),
    parameters: p.plan.parameters.total,
    flopPerStep: p.plan.flop.step,
    trainingBytes: p.plan.bytes.training.total,
    ...(step === undefined ? {} : { stepsPerSec: 1 / step, seconds: runSeconds(p, step) }),
  };
}
