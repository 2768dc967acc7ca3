import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DivergedError, Run, SaveError } from "../../src/train/index.ts";
import {
  evaluations,
  events,
  json,
  losses,
  metrics,
  outline,
  samples,
  training,
  until,
} from "./events.ts";
import { create, failing, runConfig, temporary, tokenizer } from "./tiny.ts";

describe("a run that is stopped and resumed", () => {
  const whole = async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    const all = await events(create({ training }), { run, logEvery: 2 });
    return { all, metrics: await metrics(place.root) };
  };

  test("saves where it was stopped, and ends as if it had not been", async () => {
    const uninterrupted = await whole();
    await using place = await temporary();
    const controller = new AbortController();
    const { signal } = controller;
    const begun = await Run.create(place.folder, runConfig(training), tokenizer);
    const options = { run: begun, signal, logEvery: 2 };
    const first = await events(create({ training }), options, (event) => {
      if (event.type === "step" && event.step === 5) controller.abort();
    });
    expect(outline(first).slice(-2)).toEqual(["saved 5", "stopped 5"]);
    expect(await json(place.root, "summary.json")).toMatchObject({ step: 5, steps: 12 });

    const run = await Run.open(place.folder);
    const trainer = create({ training: run.config.training, seed: 9 });
    trainer.load((await run.load())!.file);
    const second = await events(trainer, { run, logEvery: 2 });
    expect(outline(second)[0]).toBe("step 6");
    for (const part of [losses, samples])
      expect([...part(first), ...part(second)]).toEqual(part(uninterrupted.all));
    expect([...evaluations(first), ...evaluations(second)]).toEqual(evaluations(uninterrupted.all));
    expect(await metrics(place.root)).toEqual(uninterrupted.metrics);
  });

  test("by a kill goes back to the last checkpoint, and records the rest again", async () => {
    const uninterrupted = await whole();
    await using place = await temporary();
    const begun = await Run.create(place.folder, runConfig(training), tokenizer);
    // What a kill leaves: the evaluation of step 8 is in the metrics, the last checkpoint is that of step 6.
    await until("eval 8", create({ training }), { run: begun, logEvery: 2 });
    expect((await metrics(place.root)).at(-1)!.step).toBe(8);

    const run = await Run.open(place.folder);
    const trainer = create({ training, seed: 9 });
    trainer.load((await run.load())!.file);
    expect(trainer.step).toBe(6);
    const second = await events(trainer, { run, logEvery: 2 });
    expect(losses(second)).toEqual(losses(uninterrupted.all).slice(6));
    expect(await metrics(place.root)).toEqual(uninterrupted.metrics);
  });

  test("before its first checkpoint begins anew", async () => {
    const uninterrupted = await whole();
    await using place = await temporary();
    const begun = await Run.create(place.folder, runConfig(training), tokenizer);
    await until("eval 4", create({ training }), { run: begun });
    const run = await Run.open(place.folder);
    expect(run.metrics.length).toBeGreaterThan(1);
    expect(await run.load()).toBeUndefined();
    await events(create({ training }), { run, logEvery: 2 });
    expect(await metrics(place.root)).toEqual(uninterrupted.metrics);
  });

  test("counts the time of all its sittings", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    await events(create({ training: { ...training, steps: 7 } }), { run, logEvery: 2 });
    const { seconds } = await json(place.root, "summary.json");
    const trainer = create({ training });
    trainer.load((await run.load())!.file);
    await events(trainer, { run, logEvery: 2 });
    expect((await json(place.root, "summary.json")).seconds).toBeGreaterThan(seconds);
  });

  test("after its end has nothing to do, and keeps its figures", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    await events(create({ training }), { run });
    const before = await json(place.root, "summary.json");
    const trainer = create({ training });
    const opened = await Run.open(place.folder);
    trainer.load((await opened.load())!.file);
    expect(outline(await events(trainer, { run: opened }))).toEqual(["done 12"]);
    const after = await json(place.root, "summary.json");
    expect(after).toMatchObject({ heldOut: before.heldOut, best: before.best, step: 12 });
    expect(after.seconds).toBe(before.seconds);
    expect(after.loss).toBe(run.metrics.findLast((m) => "loss" in m)!.loss);
  });

  test("past a damaged checkpoint does not keep it", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    await events(create({ training: { ...training, steps: 6 } }), { run });
    await place.folder.write("checkpoints/step-9.safetensors", new Uint8Array(5));
    await place.folder.write("checkpoints/step-10.safetensors", new Uint8Array(5));
    const trainer = create({ training: { ...training, saveEvery: 7 } });
    trainer.load((await run.load())!.file);
    await until("saved 7", trainer, { run });
    expect(await run.checkpoints()).toEqual([6, 7]);
  });
});

describe("a run that fails", () => {
  test("by NaN keeps the last good checkpoint, and ends with the step", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    const trainer = create({ training });
    const failed = events(trainer, { run }, (event) => {
      if (event.type === "step" && event.step === 7)
        trainer.model.norm!.gain.write(new Float32Array(8).fill(Number.NaN));
    });
    await expect(failed).rejects.toThrow(DivergedError);
    await expect(failed).rejects.toThrow("at step 8 (first in norm.gain, parameter)");
    expect(await run.checkpoints()).toEqual([6]);
    expect(await readdir(place.root)).not.toContain("summary.json");
  });

  test("by NaN in its last step does not save it", async () => {
    await using place = await temporary();
    const run = await Run.create(place.folder, runConfig(training), tokenizer);
    const trainer = create({ training });
    const failed = events(trainer, { run }, (event) => {
      if (event.type === "step" && event.step === 12)
        trainer.model.norm!.gain.write(new Float32Array(8).fill(Number.NaN));
    });
    await expect(failed).rejects.toThrow(DivergedError);
    expect(await run.checkpoints()).toEqual([6]);
    expect(run.best()!.step).toBeLessThan(12);
  });

  test("by a full disk keeps the last good checkpoint, and can go on once there is room", async () => {
    await using place = await temporary();
    const { folder, root } = place;
    await Run.create(folder, runConfig(training), tokenizer);
    const full = failing(folder, /step-12/);
    const failed = events(create({ training }), { run: await Run.open(full) });
    await expect(failed).rejects.toThrow(SaveError);
    await expect(failed).rejects.toThrow("the last good one is step 6");
    expect(await readdir(join(root, "checkpoints"))).toEqual(["step-6.safetensors"]);
    const run = await Run.open(folder);
    const trainer = create({ training, seed: 9 });
    trainer.load((await run.load())!.file);
    const all = await events(trainer, { run });
    expect(losses(all)).toEqual(losses(await events(create({ training }))).slice(6));
  });
});
