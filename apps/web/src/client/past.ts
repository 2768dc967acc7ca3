import type { OpenedRun } from "../engine/run-service.ts";
import type { History, Sample, StepPoint } from "./app.svelte.ts";

/** What charts show of a run that was kept: from metrics.jsonl, which has every tenth step. Losses are not smoothed. */
export function pastOf(name: string, title: string, { settings, metrics }: OpenedRun): History {
  const { batch = 1, accumulate = 1 } = settings.training;
  const tokens = batch * accumulate * (settings.model.context ?? 1);
  const points: StepPoint[] = [];
  const heldOut: History["heldOut"] = [];
  const samples: Sample[] = [];
  let [best, before] = [Infinity, { step: 0, seconds: 0 }];
  for (const metric of metrics) {
    if (typeof metric.sample === "string") samples.push({ step: metric.step, text: metric.sample });
    if (typeof metric.greedy === "string") addGreedy(samples, metric.step, metric.greedy);
    // As `fit` records them.
    const m = metric as { readonly step: number } & Partial<Record<string, number>>;
    if (m.heldOut !== undefined) {
      heldOut.push({ step: m.step, loss: m.heldOut, best: m.heldOut < best });
      best = Math.min(best, m.heldOut);
    }
    const { step, loss, rate = 0, gradNorm = 0, seconds = 0 } = m;
    if (loss === undefined) continue;
    const tokPerSec = ((step - before.step) * tokens) / (seconds - before.seconds);
    points.push({ step, loss, rawLoss: loss, rate, gradNorm, tokPerSec });
    before = { step, seconds };
  }
  return { runId: name, title, settings, points, heldOut, samples };
}

/** Puts what the most likely tokens make of the prompt beside the sample of the same step. */
export function addGreedy(samples: Sample[], step: number, greedy: string): void {
  const i = samples.findLastIndex((s) => s.step === step);
  if (i >= 0) samples[i] = { ...samples[i]!, greedy };
}
