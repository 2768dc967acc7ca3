import { GPT, largestBatch, plan, preset, presetConfig } from "@muladd/gpt";
import { checkData, DivergedError, Trainer, type TrainingConfig } from "@muladd/gpt/train";
import { blank } from "@muladd/nn";
import { type Backend, dispose } from "@muladd/tensor";
import { failureOf } from "./failures.ts";
import type { Failure, Prepared } from "./protocol.ts";
import { type Recipe, recipeOf } from "./session.ts";

/** Milliseconds that timing may take, or two steps. */
const BUDGET_MS = 300;
// A step of seconds tells the time by itself; before, nobody should wait for it.
const MOST_FLOP = 2e11;
/** The ladder, smallest first, and the longest step at which a rung is still offered, in seconds. */
const OFFERS = { tiny: 0.2, small: 0.2, medium: 0.2, large: 0.4, gpu: 0.4 } as const;

/** Cost on paper, whether it can begin, and its time from real steps where the backend is free to be `timed`. */
export async function preflight(
  recipe: Recipe,
  backend: Backend | undefined,
  timed: <T>(body: () => Promise<T>) => Promise<T | undefined>,
): Promise<Prepared> {
  const { settings, model, training, split } = recipe;
  const planned = plan(model, { ...training, title: settings.preset });
  const refusal = refusalOf(recipe, backend);
  const tokens = { train: split.train.length, heldOut: split.heldOut.length };
  const paper = { model, training, plan: planned, tokens };
  if (refusal) return { ...paper, refusal };
  if (!backend) return paper;
  const stepSeconds = await timed(() => secondsOf(recipe, backend));
  const suggestion = await timed(() => suggest(recipe, backend));
  return {
    ...paper,
    ...(stepSeconds ? { stepSeconds, seconds: runSeconds(training, stepSeconds) } : {}),
    ...(suggestion ? { suggestion } : {}),
  };
}

function refusalOf(
  { model, training, split }: Recipe,
  backend: Backend | undefined,
): Failure | undefined {
  try {
    checkData(split, model.context, model.vocabulary);
  } catch (error) {
    return failureOf(error);
  }
  const limit = backend?.limits.maxBytes ?? Infinity;
  const { total } = plan(model, training).bytes.training;
  if (total <= limit) return undefined;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toPrecision(3)} GB`;
  const fits = largestBatch(model, limit);
  return {
    name: "OutOfMemoryError",
    message: `training needs ${gigabytes(total)} of memory, and ${backend!.name} has ${gigabytes(limit)}`,
    remedy:
      fits > 0
        ? `of batch ${training.batch} at most ${fits} fit at once: take that, and accumulate more passes`
        : "not even a batch of 1 fits: take a smaller context or model",
    largestBatch: fits,
  };
}

/** Seconds that a run takes: its steps, and evaluations of forward passes, a third of a step each. As the command says. */
export function runSeconds(t: TrainingConfig, step: number, done = 0): number {
  const left = t.steps - done;
  const evaluations = Math.floor(left / t.evalEvery) + 1;
  return left * step + (evaluations * t.evalBatches * step) / (3 * t.accumulate);
}

// Times are of a machine, and stay.
const known = new WeakMap<Backend, Map<string, number>>();

/** Seconds of a training step, measured on a model made for it and thrown away: the run's numbers do not see it. */
export async function secondsOf(recipe: Recipe, backend: Backend): Promise<number | undefined> {
  const { model: config, training, split } = recipe;
  if (plan(config, training).flop.step > MOST_FLOP) return undefined;
  const { batch, accumulate, optimizer } = training;
  const key = JSON.stringify([config, batch, accumulate, optimizer.kind]);
  const times = known.get(backend) ?? new Map<string, number>();
  known.set(backend, times);
  if (!times.has(key)) {
    const median = await timeSteps({ config, training, split }, backend);
    if (median === undefined) return undefined;
    times.set(key, median);
  }
  return times.get(key);
}

async function timeSteps(
  { config, training, split }: Pick<Recipe, "training" | "split"> & { config: Recipe["model"] },
  backend: Backend,
): Promise<number | undefined> {
  const model = new GPT(config, blank(backend));
  const times: number[] = [];
  try {
    using trainer = new Trainer({ model, config: training, data: split });
    const begin = performance.now();
    while (times.length < 2 || performance.now() - begin < BUDGET_MS) {
      const start = performance.now();
      await trainer.advance();
      times.push((performance.now() - start) / 1000);
    }
  } catch (error) {
    // What does not fit beside a run may well fit in its place.
    const { name } = error as Error;
    if (!(error instanceof DivergedError) && name !== "BatchMemoryError") throw error;
  } finally {
    dispose(model);
  }
  // The median of the later half: the first are slow while the browser compiles.
  const late = times.slice(Math.floor(times.length / 2)).sort((a, b) => a - b);
  return late[Math.floor(late.length / 2)];
}

/** The largest preset whose step is short enough, at the rate of a timed step of `small` on this text. */
async function suggest(recipe: Recipe, backend: Backend): Promise<string | undefined> {
  const small = await recipeOf({
    ...recipe.settings,
    preset: "small",
    model: {},
    training: {},
    flags: {},
  });
  const seconds = await secondsOf(small, backend);
  if (seconds === undefined) return undefined;
  const rate = plan(small.model, small.training).flop.step / seconds;
  return offered(rate, recipe.model.vocabulary);
}

/** The largest preset whose step, at `rate` FLOP/s, is short enough. */
export function offered(rate: number, vocabulary: number): string {
  const names = Object.keys(OFFERS) as (keyof typeof OFFERS)[];
  const fits = names.filter((name) => {
    const chosen = preset(name);
    const step = plan(presetConfig(chosen, { vocabulary }), chosen.training).flop.step;
    return step / rate <= OFFERS[name];
  });
  return fits.at(-1) ?? "tiny";
}
