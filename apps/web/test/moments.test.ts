import { readSafetensors } from "@muladd/checkpoint";
import { reconfigure } from "@muladd/gpt";
import { describe, expect, test } from "vitest";
import { Moments } from "../src/engine/moments.ts";
import { memoryStore } from "../src/engine/store/memory.ts";
import type { Store } from "../src/engine/store/store.ts";
import { engineOn, fullStore, storeWith, tiny } from "./asking.ts";

const text = "The little dog";
const filesOf = (store: Store) => store.folder("tiny-1").list("moments");
const names = (steps: readonly number[]) => steps.map((n) => `step-${n}.safetensors`).sort();
/** Begins a run in a store, trains it to a step, and answers what has it at hand. */
async function trained(store: Store, step: number, training: Partial<typeof tiny.training> = {}) {
  const page = engineOn(store);
  await page.ask("start", { ...tiny, training: { ...tiny.training, ...training }, paused: true });
  await page.trainTo(step);
  return page;
}

test("a run that is opened again has its clock, and the model is what it was at each moment", async () => {
  const store = memoryStore();
  const first = await trained(store, 12);
  const look = { text, name: "tokens.weight" };
  const then = await first.ask("lookTensor", { ...look, moment: 2 });

  const second = engineOn(store);
  await second.ask("openRun", { name: "tiny-1" });
  // The checkpoints of 10 and 12 are moments too.
  expect((await second.ask("moments", undefined)).map((m) => m.step)).toEqual([0, 1, 2, 5, 10, 12]);
  expect(await second.ask("lookTensor", { ...look, moment: 2 })).toEqual(then);
  const written = { prompt: text, ids: [], maxTokens: 5, temperature: 0, cache: true };
  expect(await second.ask("write", { ...written, moment: 5 })).toMatchObject({ step: 5, count: 5 });
  await expect(second.ask("lookTensor", { ...look, moment: 3 })).rejects.toThrow(
    "step 3 is not among the moments that are kept; choose another",
  );
});

test("a file holds the weights alone, and is read when the clock goes there", async () => {
  const inner = memoryStore();
  await trained(inner, 5);
  const reads: string[] = [];
  const store = storeWith(inner, ({ read }) => ({
    read: (path) => {
      if (path.startsWith("moments/")) reads.push(path);
      return read(path);
    },
  }));
  const { ask, engine } = engineOn(store);
  await ask("openRun", { name: "tiny-1" });
  expect(reads).toEqual([]);
  for (let i = 0; i < 2; i++) await ask("lookAttention", { text, moment: 2 });
  expect(reads).toEqual(["moments/step-2.safetensors"]);
  const bytes = await inner.folder("tiny-1").read("moments/step-2.safetensors");
  const file = readSafetensors(bytes!);
  expect(file.metadata).toMatchObject({ step: "2" });
  const weights = await engine.session.weightsAt(2);
  expect([...file.tensors]).toEqual(
    Array.from(weights, ([name, t]) => [`model.${name}`, t]).sort(([a], [b]) => (a! < b! ? -1 : 1)),
  );
});

test("what is thinned out goes from the folder too, and what is opened is within the bound", async () => {
  const { ask, engine } = engineOn();
  await ask("start", { ...tiny, paused: true });
  const { moments, run } = engine.session;
  const weights = await engine.session.weightsAt();
  for (let step = 0; step < 60; step++) moments.keep(step, weights);
  await moments.flush();
  expect(moments.steps).toHaveLength(24);
  expect([moments.steps[0], moments.steps.at(-1)]).toEqual([0, 59]);
  expect(await run!.folder.list("moments")).toEqual(names(moments.steps));
  expect((await Moments.open(run!)).steps).toEqual(moments.steps);
  // 2.4 million parameters: 64 MB hold six.
  const large = new Moments(reconfigure(engine.session.recipe.model, { width: 256, layers: 3 }));
  for (let step = 0; step < 60; step++) large.keep(step, weights);
  expect(large.steps).toHaveLength(6);
});

describe("going back", () => {
  test("removes the moments of the course that was left, and the same step then has its new weights", async () => {
    const store = memoryStore();
    // Sound states are kept at evaluations: of steps 0 and 4.
    const { ask, trainTo, engine, events } = await trained(store, 5, { evalEvery: 4 });
    const left = await ask("lookTensor", { text, name: "tokens.weight", moment: 5 });
    await trainTo(6);
    const seen = await ask("lookTensor", { text, name: "tokens.weight", moment: 5 });
    expect(seen.value).toEqual(left.value);
    await ask("resume", { rate: 0.1 });
    await ask("control", { action: "pause" });
    expect(events.findLast((e) => e.type === "moments")).toEqual({
      type: "moments",
      moments: [0, 1, 2].map((step) => ({ step })),
    });
    await engine.session.moments.flush();
    expect(await filesOf(store)).toEqual(names([0, 1, 2]));
    await trainTo(6);
    const now = await ask("lookTensor", { text, name: "tokens.weight", moment: 5 });
    expect(now.value).not.toEqual(left.value);
    expect(await filesOf(store)).toEqual(names([0, 1, 2, 5]));
  });

  test("so does a run that goes on from a checkpoint before them", async () => {
    const store = memoryStore();
    await trained(store, 20);
    const folder = store.folder("tiny-1");
    for (const path of await folder.list("checkpoints"))
      if (path !== "step-10.safetensors") await folder.remove(`checkpoints/${path}`);
    const { ask, engine } = engineOn(store);
    await ask("openRun", { name: "tiny-1" });
    await engine.session.moments.flush();
    expect(engine.session.moments.steps).toEqual([0, 1, 2, 5, 10]);
    expect(await filesOf(store)).toEqual(names([0, 1, 2, 5, 10]));
  });
});

test("checkpoints of a run from the command are its moments, and stay so when training removes them", async () => {
  const store = memoryStore();
  await trained(store, 15);
  const folder = store.folder("tiny-1");
  for (const name of await folder.list("moments")) await folder.remove(`moments/${name}`);
  const { ask, trainTo, engine } = engineOn(store);
  await ask("openRun", { name: "tiny-1" });
  expect(engine.session.moments.steps).toEqual([10, 15]);
  const then = await ask("lookAttention", { text, moment: 10 });
  expect(await filesOf(store)).toEqual([]); // looking changes nothing
  await trainTo(40);
  expect(await folder.list("checkpoints")).not.toContain("step-10.safetensors");
  expect(await filesOf(store)).toEqual(names([10, 15, 20]));
  const again = engineOn(store);
  await again.ask("openRun", { name: "tiny-1" });
  expect(await again.ask("lookAttention", { text, moment: 10 })).toEqual(then);
});

test("a damaged moment is named, and passed over from then on", async () => {
  const store = memoryStore();
  await trained(store, 5);
  await store.folder("tiny-1").write("moments/step-2.safetensors", new Uint8Array(100));
  const { ask } = engineOn(store);
  await ask("openRun", { name: "tiny-1" });
  await expect(ask("lookAttention", { text, moment: 2 })).rejects.toThrow(
    "tiny-1/moments/step-2.safetensors: not a safetensors file",
  );
  expect((await ask("moments", undefined)).map((m) => m.step)).toEqual([0, 1, 5]);
});

test("a copy and an export carry the clock", async () => {
  const { ask, engine } = await trained(memoryStore(), 5);
  const { files } = await ask("exportRun", { name: "tiny-1", as: "files" });
  const own = files.map((f) => f.path).filter((path) => path.startsWith("moments/"));
  expect(own).toEqual(names([0, 1, 2, 5]).map((name) => `moments/${name}`));
  const zip = await ask("exportRun", { name: "tiny-1", as: "zip" });
  const { name } = await ask("importRun", { files: zip.files });
  await ask("openRun", { name });
  expect(engine.session.moments.steps).toEqual([0, 1, 2, 5]);
});

test("while storage is full moments stay in memory, and go to the folder when there is room", async () => {
  const inner = memoryStore();
  let full = false;
  const store = fullStore(inner, () => full);
  const { ask, trainTo, events, engine } = await trained(store, 2);
  full = true;
  await trainTo(5);
  expect(events.filter((e) => e.type === "storage")).toMatchObject([
    { failure: { message: "no room" } },
  ]);
  expect(await filesOf(inner)).toEqual(names([0, 1, 2]));
  expect((await ask("lookAttention", { text, moment: 5 })).step).toBe(5);
  expect(engine.session.moments.steps).toEqual([0, 1, 2, 5]);
  full = false;
  await trainTo(6);
  expect(await filesOf(inner)).toEqual(names([0, 1, 2, 5]));
});

test("a run that is deleted while its moments are written leaves nothing", async () => {
  const inner = memoryStore();
  const store = storeWith(inner, ({ write }) => ({
    async write(path, bytes) {
      await new Promise((r) => setTimeout(r, path.startsWith("moments/") ? 30 : 0));
      await write(path, bytes);
    },
  }));
  const { ask, until, engine } = engineOn(store);
  await ask("start", tiny);
  await until(() => engine.status.step >= 5);
  await ask("deleteRun", { name: "tiny-1" });
  await new Promise((r) => setTimeout(r, 200));
  expect(await inner.names()).toEqual([]);
});
