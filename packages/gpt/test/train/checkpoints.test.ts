import { readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Run, RunError, SaveError } from "../../src/train/index.ts";
import { begin, checkpoint, failing, temporary } from "./tiny.ts";

describe("checkpoints", () => {
  test("come back whole, the newest first", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [10, 9, 100]);
    expect(await run.checkpoints()).toEqual([9, 10, 100]);
    const { step, file } = (await run.load())!;
    expect(step).toBe(100);
    expect(file.tensors).toEqual(checkpoint(100).tensors);
    expect(file.metadata.step).toBe("100");
    expect((await run.load(9))!.step).toBe(9);
    await expect(run.load(11)).rejects.toThrow("no checkpoint of step 11; it has 9, 10, 100");
  });

  test("the best is that of least held-out loss among those there are", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [10, 20, 30], { 10: 3, 15: 1, 20: 2, 30: 2.5 });
    expect(run.best()).toEqual({ step: 15, heldOut: 1 });
    expect((await run.load("best"))!.step).toBe(20);
  });

  test("without evaluations the best is the newest", async () => {
    await using place = await temporary();
    expect((await (await begin(place.folder, [10, 20])).load("best"))!.step).toBe(20);
  });

  test("of equal losses the earliest is best", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [], { 1: 2, 2: 1.5, 3: 1.5 });
    expect(run.best()!.step).toBe(2);
  });

  test.each([0, 7, 40, 100])(
    "cut off after %d bytes are passed over for the next older, with a warning",
    async (length) => {
      await using place = await temporary();
      const run = await begin(place.folder, [1, 2, 3], { 2: 1 });
      await truncate(join(place.root, "checkpoints", "step-3.safetensors"), length);
      const warnings: string[] = [];
      expect((await run.load("newest", (w) => warnings.push(w)))!.step).toBe(2);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(`${place.root}/checkpoints/step-3.safetensors: `);
      expect(warnings[0]).toContain("; passing it over");
      await truncate(join(place.root, "checkpoints", "step-2.safetensors"), length);
      expect((await run.load("best", (w) => warnings.push(w)))!.step).toBe(1);
      expect(warnings).toHaveLength(3);
      await truncate(join(place.root, "checkpoints", "step-1.safetensors"), length);
      await expect(run.load()).rejects.toThrow(RunError);
      await expect(run.load()).rejects.toThrow("has no checkpoint that can be read");
      await expect(run.load(3)).rejects.toThrow("has no checkpoint that can be read");
    },
  );

  test("prune keeps the newest and the best", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [1, 2, 3, 4, 5, 6], { 2: 1, 4: 3 });
    await run.prune(2);
    expect(await run.checkpoints()).toEqual([2, 5, 6]);
    await run.prune(9);
    expect(await run.checkpoints()).toEqual([2, 5, 6]);
    await run.prune(0);
    expect(await run.checkpoints()).toEqual([2]);
  });

  test("prune removes those of a course that was left", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [1, 2, 3, 8, 9], { 9: 1 });
    await run.prune(1, 3);
    expect(await run.checkpoints()).toEqual([3]);
  });

  test("what a killed save left is no checkpoint", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [1]);
    await writeFile(join(place.root, "checkpoints", "step-2.safetensors.tmp"), "half");
    await writeFile(join(place.root, "checkpoints", "notes.txt"), "mine");
    expect(await run.checkpoints()).toEqual([1]);
    expect((await run.load())!.step).toBe(1);
  });
});

describe("a full disk", () => {
  test("fails a save, names the last good checkpoint and the remedy, and leaves it", async () => {
    await using place = await temporary();
    await begin(place.folder, [1, 2]);
    const run = await Run.open(failing(place.folder, /step-3/));
    const saved = run.save(checkpoint(3));
    await expect(saved).rejects.toThrow(SaveError);
    await expect(saved).rejects.toThrow(
      /the checkpoint of step 3 \(0\.0 MB\) could not be saved in .*; the last good one is step 2: ENOSPC: .*; make room, then resume the run/,
    );
    expect((await run.load())!.step).toBe(2);
    expect(await readdir(join(place.root, "checkpoints"))).toHaveLength(2);
  });

  test("says so when there is no earlier checkpoint", async () => {
    await using place = await temporary();
    await begin(place.folder);
    const run = await Run.open(failing(place.folder, /step/));
    await expect(run.save(checkpoint(1))).rejects.toThrow("there is no earlier one");
  });

  test("fails metrics and summary alike, and what was written before stays", async () => {
    await using place = await temporary();
    const first = await begin(place.folder, [], { 1: 2 });
    await first.flush();
    const run = await Run.open(failing(place.folder, /metrics|summary/));
    run.record({ step: 2 });
    await expect(run.flush()).rejects.toThrow(SaveError);
    await expect(run.flush()).rejects.toThrow("metrics.jsonl could not be saved: ENOSPC");
    await expect(run.summarize({})).rejects.toThrow("make room, then resume the run");
    expect((await Run.open(place.folder)).metrics).toEqual([{ step: 1, heldOut: 2 }]);
  });

  test("is not blamed for other faults", async () => {
    await using place = await temporary();
    await begin(place.folder);
    const run = await Run.open(failing(place.folder, /step/, "EACCES"));
    await expect(run.save(checkpoint(1))).rejects.toThrow("see that the folder can be written");
  });
});
