import { expect, test } from "vitest";
import { Engine } from "../src/engine/engine.ts";
import type { EngineEvent } from "../src/engine/protocol.ts";
import { memoryStore } from "../src/engine/store/memory.ts";
import { engineOn, tiny } from "./asking.ts";
import { asked } from "./engine.ts";

/** A paused model at step 2, and what has it at hand. */
async function paused() {
  const page = engineOn();
  await page.ask("start", { ...tiny, paused: true });
  await page.trainTo(2);
  return page;
}

test("a run that is begun while another backend is taken is the one at hand, on that backend", async () => {
  const { ask, engine, trainTo } = await paused();
  await Promise.all([
    ask("useBackend", { name: "reference" }),
    ask("start", { ...tiny, paused: true }),
  ]);
  expect(engine.status).toMatchObject({
    runId: "tiny-2",
    step: 0,
    backend: { name: "reference" },
  });
  await trainTo(1);
});

test("of two runs that are begun at once the later is at hand, and the other is freed", async () => {
  const { ask, engine } = await paused();
  await ask("start", { ...tiny, paused: true });
  const { bytes } = engine.backend.memory;
  const start = () => ask("start", { ...tiny, paused: true });
  expect((await Promise.all([start(), start()])).map((s) => s.runId)).toEqual(["tiny-3", "tiny-4"]);
  expect(engine.current).toBe("tiny-4");
  expect(engine.backend.memory.bytes).toBe(bytes);
});

test("of two backends that are chosen at once the later is taken", async () => {
  const { ask, engine } = await paused();
  await Promise.all([
    ask("useBackend", { name: "reference" }),
    ask("useBackend", { name: "wasm" }),
  ]);
  expect(engine.status.backend?.name).toBe("wasm");
});

test("a pause that is pressed while another backend is taken holds", async () => {
  let pressed: Promise<unknown> | undefined;
  const press = (event: EngineEvent) => {
    // Training stops, to be moved.
    if (event.type === "status" && event.status.step > 0 && event.status.phase === "paused")
      pressed ??= engine.handlers.control({ action: "pause" }, asked());
  };
  const engine = new Engine(press, memoryStore());
  const training = { ...tiny.training, steps: 20_000, evalEvery: 20_000, saveEvery: 20_000 };
  await engine.handlers.start({ ...tiny, training }, asked());
  while (engine.status.step === 0) await new Promise((r) => setTimeout(r, 5));
  await engine.handlers.useBackend({ name: "reference" }, asked());
  await pressed;
  while (engine.status.phase === "training") await new Promise((r) => setTimeout(r, 5));
  expect(engine.status).toMatchObject({ phase: "paused", backend: { name: "reference" } });
});

test("what is asked while another backend is taken is answered", async () => {
  const { ask, engine } = await paused();
  const text = "The little dog";
  // Something long computes, so that the questions wait behind the move.
  void engine.session.lock.run(() => new Promise((r) => setTimeout(r, 500)));
  const moved = ask("useBackend", { name: "reference" });
  const looks = [];
  while (engine.status.backend?.name !== "reference") {
    looks.push(
      ask("lookAttention", { text }).then(({ step }) => step),
      ask("lookEmbedding", { text, kind: "tokens", picked: 0, moment: 0 }).then((l) => l.step),
    );
    looks.push(ask("prepare", tiny).then(({ training }) => training.seed));
    await new Promise((r) => setTimeout(r, 50));
  }
  await moved;
  expect(new Set(await Promise.all(looks))).toEqual(new Set([2, 0, 3]));
});
