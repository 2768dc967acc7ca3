import type { Backend } from "@muladd/tensor";
import { failureOf } from "./failures.ts";
import { type Opened, openRung } from "./ladder.ts";
import type { Rungs } from "./rungs.ts";
import { type Recipe, Session } from "./session.ts";

// Enough to tell a GPU from a CPU, and short enough that training hardly stops.
const SECONDS = 0.3;
const MOST_STEPS = 20;
/** A first step compiles shaders; one that takes longer than so many of the other's will not catch up. */
const HOPELESS = 50;

/** Milliseconds of a training step of the recipe's model, the first not counted; of the first alone when above `limit`. */
export async function timeStep(
  backend: Backend,
  recipe: Recipe,
  limit = Infinity,
): Promise<number> {
  using session = new Session("trial", backend, recipe);
  const { trainer } = session;
  const time = async (steps: number) => {
    const start = performance.now();
    await trainer.advanceBy(steps);
    return performance.now() - start;
  };
  const first = await time(1);
  if (first > limit) return first;
  const second = await time(1);
  const count = Math.min(MOST_STEPS, Math.floor((SECONDS * 1000) / second));
  return count > 1 ? (await time(count)) / count : second;
}

/**
 * Tries WebGPU beside the backend in use: opened, proven, timed with real steps of the model. Returns it when it is
 * faster, not yet taken; notes in `rungs` what was found either way. `alone` runs while nothing else is computed.
 */
export async function tryWebGPU(
  rungs: Rungs,
  recipe: Recipe,
  alone: <T>(body: () => Promise<T>) => Promise<T>,
): Promise<{ readonly opened: Opened; readonly reason: string } | undefined> {
  const { backend, choice } = rungs;
  let opened: Opened | undefined;
  try {
    opened = await openRung("webgpu");
    const gpu = opened;
    // One step of those takes seconds, in which training would stand still.
    if (gpu.software)
      throw new Error("the CPU imitates a GPU here, and was not timed; choose it by hand to see");
    const times = await alone(async () => {
      if (rungs.backend !== backend) return undefined; // another was taken meanwhile
      const mine = await timeStep(backend, recipe);
      return [mine, await timeStep(gpu.backend, recipe, mine * HOPELESS)] as const;
    });
    if (!times) throw new Error("another backend was chosen; choose this one by hand to see");
    const [before, now] = times;
    rungs.note({ name: choice!.name, title: choice!.title, stepMs: before });
    rungs.note({ name: "webgpu", title: opened.title, stepMs: now });
    const compared = `${ms(now)} a step on ${opened.title}, ${ms(before)} on ${choice!.title}`;
    if (now < before) return { opened, reason: `faster for this model: ${compared}` };
    rungs.explain(`faster for this model: ${compared}`);
  } catch (error) {
    const refusal = failureOf(error);
    // By hand it may have been taken meanwhile.
    if (rungs.choice?.name !== "webgpu")
      rungs.note({ name: "webgpu", title: opened?.title ?? "WebGPU", refusal });
  }
  opened?.backend[Symbol.dispose]();
  return undefined;
}

const ms = (time: number) => `${time.toPrecision(3)} ms`;
