import { reference } from "@muladd/backend-reference";
import { namedParameters } from "@muladd/nn";
import { describe, expect, test } from "vitest";
import { Run } from "../../src/train/index.ts";
import { evaluations, events, json, losses, outline, samples, steps, training } from "./events.ts";
import { create, runConfig, temporary, tokenizer } from "./tiny.ts";

describe("fit", () => {
  test("evaluates, samples and saves at their steps, and at the end", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    const all = await events(create({ training: { ...training, steps: 11 } }), { run });
    expect(outline(all)).toEqual([
      "eval 0",
      "sample 0",
      ...steps(1, 4),
      "eval 4",
      ...steps(5, 6),
      "saved 6",
      ...steps(7, 8),
      "eval 8",
      "sample 8",
      ...steps(9, 11),
      "eval 11",
      "saved 11",
      "done 11",
    ]);
  });

  test("a run keeps its samples, and drops those after its checkpoint when it is resumed", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    const kept = (opened: Run) =>
      opened.metrics.flatMap(({ step, sample }) => (sample === undefined ? [] : [[step, sample]]));
    const all = await events(create({ training }), { run });
    const told = all.flatMap((e) => (e.type === "sample" ? [[e.step, e.text]] : []));
    expect(told.map(([step]) => step)).toEqual([0, 8]);
    const opened = await Run.open(place.folder);
    expect(kept(opened)).toEqual(told);
    expect(opened.best()).toEqual(run.best());
    opened.rewind(6);
    expect(kept(opened)).toEqual(told.slice(0, 1));
  });

  test("without a run writes nothing and saves nothing", async () => {
    const all = await events(create({ training }));
    expect(all.some((e) => e.type === "saved")).toBe(false);
    expect(all.at(-1)!.type).toBe("done");
  });

  test("without samples has none", async () => {
    const all = await events(create({ training: { ...training, sampleEvery: 0 } }));
    expect(samples(all)).toEqual([]);
  });

  test("tells losses that are corrected from the first on, and when it will end", async () => {
    const told = (await events(create({ training }))).filter((e) => e.type === "step");
    expect(told[0]!.loss).toBeCloseTo(told[0]!.rawLoss, 12);
    let [sum, weight] = [0, 0];
    for (const { loss, rawLoss } of told) {
      sum = 0.95 * sum + 0.05 * rawLoss;
      weight = 0.95 * weight + 0.05;
      expect(loss).toBeCloseTo(sum / weight, 12);
    }
    expect(told.every((e) => e.tokPerSec > 0)).toBe(true);
    expect(told[9]!.etaSec).toBeUndefined();
    expect(told[10]!.etaSec).toBeGreaterThan(0);
    expect(told[11]!.etaSec).toBe(0);
  });

  test("marks an evaluation as best when none before was as good", async () => {
    const all = await events(create({ training: { ...training, evalEvery: 1 } }));
    let best = Infinity;
    for (const [, heldOut, isBest] of evaluations(all) as [number, number, boolean][]) {
      expect(isBest).toBe(heldOut < best);
      best = Math.min(best, heldOut);
    }
  });

  test("samples begin with the prompt and are as long as asked, the same on every run", async () => {
    const texts = samples(await events(create({ training })));
    for (const text of texts) expect(text).toMatch(/^the .{5}$/s);
    expect(samples(await events(create({ training })))).toEqual(texts);
  });

  test("tells the same when steps are read together, and stops at the same places", async () => {
    const given = { training: { ...training, evalEvery: 4, saveEvery: 6, sampleEvery: 5 } };
    const [alone, series] = [create(given), create(given)];
    const [one, many] = [await events(alone), await events(series, { together: Infinity })];
    expect(outline(many)).toEqual(outline(one));
    expect(losses(many)).toEqual(losses(one));
    expect(await series.save()).toEqual(await alone.save());
  });

  test("answers requests after the step under way", async () => {
    const requests = new Set<"sample" | "evaluate">();
    const all = await events(create({ training }), { requests }, (event) => {
      if (event.type === "step" && event.step === 2) requests.add("sample").add("evaluate");
    });
    const at = outline(all);
    expect(at.slice(at.indexOf("step 2"), at.indexOf("step 3"))).toEqual([
      "step 2",
      "eval 2",
      "sample 2",
    ]);
    expect(requests.size).toBe(0);
    expect(losses(all)).toEqual(losses(await events(create({ training }))));
  });

  test("writes a summary that agrees with its last event", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    const trainer = create({ training });
    const { type, ...end } = (await events(trainer, { run })).at(-1)!;
    expect(type).toBe("done");
    const summary = await json(place.root, "summary.json");
    expect(summary).toEqual(end);
    let parameters = 0;
    for (const [, p] of namedParameters(trainer.model)) parameters += (await p.data()).length;
    expect(summary).toMatchObject({ step: 12, steps: 12, parameters, backend: "reference" });
    expect(summary.heldOut).toBe(await trainer.evaluate("heldOut"));
    expect(summary.best.heldOut).toBeLessThanOrEqual(summary.heldOut);
    expect(summary.peakBytes).toBeGreaterThan(4 * parameters * 3);
    expect(summary.seconds).toBeGreaterThan(0);
    expect(summary.tokPerSec).toBeCloseTo((12 * 16) / summary.seconds, 6);
  });

  test("keeps the newest checkpoints and the best", async () => {
    await using place = await temporary();
    const often = { ...training, steps: 8, saveEvery: 1, evalEvery: 1 };
    const run = await Run.create(place.folder, runConfig(often), tokenizer);
    await events(create({ training: often }), { run, keep: 2 });
    const best = run.best([1, 2, 3, 4, 5, 6, 7, 8])!.step;
    expect(await run.checkpoints()).toEqual([...new Set([best, 7, 8])].sort());
  });

  test("does not make buffers from event to event", async () => {
    const backend = reference();
    const trainer = create({ training, backend });
    const counts = new Set<number>();
    await events(trainer, {}, () => counts.add(backend.memory.buffers));
    expect(counts.size).toBe(1);
  });
});
