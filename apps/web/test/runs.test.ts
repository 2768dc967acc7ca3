import { expect, test } from "vitest";
import { pastOf } from "../src/client/past.ts";
import { memoryStore } from "../src/engine/store/memory.ts";
import { engineOn, fullStore, newest, tiny } from "./asking.ts";

test("a run that a page left goes on in the next at the same step, bit for bit", async () => {
  const whole = engineOn();
  await whole.ask("start", { ...tiny, paused: true });
  await whole.trainTo(24);

  const store = memoryStore();
  const first = engineOn(store);
  await first.ask("start", { ...tiny, paused: true });
  await first.trainTo(12);
  const second = engineOn(store);
  const { status, settings, metrics } = await second.ask("openRun", { name: "tiny-1" });
  expect(status).toMatchObject({ phase: "paused", step: 12, steps: 40, runId: "tiny-1" });
  expect(settings.model).toMatchObject(tiny.model);
  expect(metrics.map((m) => m.step)).toContain(10);
  await second.trainTo(24);

  expect(await newest(second.engine, "tiny-1")).toEqual(await newest(whole.engine, "tiny-1"));
});

test("what a run wrote is shown again when it is opened", async () => {
  const store = memoryStore();
  const first = engineOn(store);
  await first.ask("start", {
    ...tiny,
    training: { ...tiny.training, sampleEvery: 6 },
    paused: true,
  });
  await first.trainTo(13);
  const greedy = new Map(
    first.events.flatMap((e) => (e.type === "greedy" ? [[e.step, e.text]] : [])),
  );
  const told = first.events.flatMap((e) => (e.type === "training" ? e.events : []));
  const samples = told.flatMap((e) =>
    e.type === "sample" ? [{ step: e.step, text: e.text, greedy: greedy.get(e.step) }] : [],
  );
  expect(samples.map((s) => s.step)).toEqual([0, 6, 12]);
  expect(greedy.size).toBe(3);
  const opened = await engineOn(store).ask("openRun", { name: "tiny-1" });
  expect(pastOf("tiny-1", "tiny", opened).samples).toEqual(samples);
});

test("a run of the command has samples by chance alone, and lines that nobody knows are passed over", async () => {
  const store = memoryStore();
  const first = engineOn(store);
  await first.ask("start", { ...tiny, paused: true });
  await first.trainTo(1);
  const folder = store.folder("tiny-1");
  const lines = [
    { step: 0, sample: "by chance" },
    { step: 0, applause: "yes" },
    { step: 1, greedy: "of no sample" },
  ];
  const bytes = new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join("\n"));
  await folder.write("metrics.jsonl", bytes);
  const opened = await engineOn(store).ask("openRun", { name: "tiny-1" });
  const { samples, points, heldOut } = pastOf("tiny-1", "tiny", opened);
  expect(samples).toEqual([{ step: 0, text: "by chance" }]);
  expect([points, heldOut]).toEqual([[], []]);
});

test("a pause saves the run", async () => {
  const { ask, until, events, engine } = engineOn();
  await ask("start", { ...tiny, training: { ...tiny.training, steps: 100_000 } });
  await until(() => engine.status.step >= 3);
  await ask("control", { action: "pause" });
  await until(() => engine.status.phase === "paused");
  const { step } = engine.status;
  await until(() =>
    events.some(
      (e) => e.type === "training" && e.events.some((t) => t.type === "saved" && t.step === step),
    ),
  );
  expect((await ask("runs", undefined)).runs).toMatchObject([
    { name: "tiny-1", step, steps: 100_000 },
  ]);
});

test("pasted text is kept beside its run", async () => {
  const store = memoryStore();
  const text = "the cat sat on the mat. ".repeat(200);
  const settings = { ...tiny, data: { kind: "text", name: "cats.txt", text } } as const;
  const first = engineOn(store);
  await first.ask("start", { ...settings, paused: true });
  await first.trainTo(5);
  const { settings: again } = await engineOn(store).ask("openRun", { name: "tiny-1" });
  expect(again.data).toEqual(settings.data);
});

test("runs are listed newest first, renamed, copied and deleted", async () => {
  const { ask } = engineOn();
  await ask("start", { ...tiny, paused: true });
  await ask("start", { ...tiny, paused: true });
  await ask("renameRun", { name: "tiny-1", title: "my first" });
  const { name } = await ask("copyRun", { name: "tiny-1" });
  expect(name).toBe("tiny-3");
  await ask("deleteRun", { name: "tiny-2" }); // the one at hand
  const { runs, kind } = await ask("runs", undefined);
  expect(kind).toBe("memory");
  expect(runs.map((r) => r.name).sort()).toEqual(["tiny-1", "tiny-3"]);
  expect(runs.find((r) => r.name === "tiny-1")?.title).toBe("my first");
  await expect(ask("control", { action: "run" })).rejects.toThrow("nothing to train");
});

test("when storage is full training goes on, says so once, and keeps all when there is room again", async () => {
  const inner = memoryStore();
  let full = false;
  const store = fullStore(inner, () => full);
  const { ask, trainTo, events, engine } = engineOn(store);
  const told = () => events.filter((e) => e.type === "storage");
  await ask("start", { ...tiny, paused: true });
  await trainTo(10);
  full = true;
  await trainTo(35);
  expect(told()).toMatchObject([{ failure: { message: "no room" } }]);
  const kept = inner.folder("tiny-1");
  expect(await kept.list("checkpoints")).toContain("step-10.safetensors");
  expect(await kept.list("checkpoints")).not.toContain("step-35.safetensors");
  // What could not be kept can still be taken out.
  const { files } = await ask("exportRun", { name: "tiny-1", as: "files" });
  expect(files.map((f) => f.path)).toContain("checkpoints/step-35.safetensors");
  full = false;
  await trainTo(36);
  expect(told()).toHaveLength(2);
  expect(told()[1]).toEqual({ type: "storage" });
  expect(await kept.list("checkpoints")).toEqual(
    await engine.session.run!.folder.list("checkpoints"),
  );
});

test("another backend takes the run along", async () => {
  const { ask, trainTo, engine } = engineOn();
  await ask("start", { ...tiny, paused: true });
  await trainTo(4);
  const { choice, rungs } = await ask("useBackend", { name: "reference" });
  expect(choice).toMatchObject({ name: "reference", reason: "chosen by hand" });
  expect(rungs.map((r) => r.name)).toEqual(["wasm", "reference"]);
  expect(engine.status).toMatchObject({ phase: "paused", step: 4, runId: "tiny-1" });
  await trainTo(6);
});
