import { preset, presetConfig } from "@muladd/gpt";
import { afterEach, describe, expect, test } from "vitest";
import { Engine } from "../src/engine/engine.ts";
import { offered, runSeconds } from "../src/engine/preflight.ts";
import type { EngineEvent, Method, Requests, RunSettings } from "../src/engine/protocol.ts";

const asked = { signal: new AbortController().signal, part: () => {} };
const tiny: RunSettings = {
  preset: "tiny",
  data: { kind: "stories", characters: 20_000 },
  tokenizer: "char",
  model: { layers: 1, width: 16, context: 16 },
  training: {
    steps: 30,
    batch: 4,
    seed: 3,
    evalEvery: 10,
    evalBatches: 1,
    sampleEvery: 10,
    saveEvery: 1000,
  },
};

/** An engine with what it told. */
function open() {
  const events: EngineEvent[] = [];
  const engine = new Engine((event) => events.push(event));
  const ask = <M extends Method>(m: M, params: Requests[M]["params"], attached?: Blob) =>
    (engine.handlers[m] as (p: unknown, a: unknown) => Promise<Requests[M]["result"]>)(params, {
      ...asked,
      attached,
    });
  const until = async (phase: string) => {
    while (engine.status.phase !== phase) await new Promise((r) => setTimeout(r, 5));
    await new Promise((r) => setTimeout(r, 5));
  };
  const steps = () =>
    events.flatMap((e) => (e.type === "training" ? e.events : [])).filter((e) => e.type === "step");
  last = engine;
  return { engine, events, ask, until, steps };
}
let last: Engine | undefined;
afterEach(async () => {
  await last?.handlers.control({ action: "stop" }, asked).catch(() => {});
});

describe("text that is given", () => {
  test("is trained on, whatever is in it", async () => {
    const { ask } = open();
    const text = "<script>alert(1)</script> 👩‍👩‍👧 שלום עולם\n".repeat(20);
    const given = await ask("putText", { name: "mine.txt" }, new Blob([text]));
    expect(given).toMatchObject({ name: "mine.txt", characters: Array.from(text).length });
    const data = { kind: "file", name: "mine.txt", id: given.id } as const;
    const prepared = await ask("prepare", { ...tiny, data });
    expect(prepared.refusal).toBeUndefined();
    expect(prepared.tokens.train).toBeGreaterThan(prepared.tokens.heldOut);
  });

  test.each([
    ["empty", [" \n "], "is empty"],
    ["binary", [new Uint8Array([72, 0, 73])], "binary"],
    ["Latin-1", [new Uint8Array([72, 0xe9, 73])], "not UTF-8"],
    ["UTF-16", [new Uint8Array([0xff, 0xfe, 72, 0])], "UTF-16"],
  ])("is refused when it is %s", async (_, parts, words) => {
    const { ask } = open();
    await expect(ask("putText", { name: "x.txt" }, new Blob(parts))).rejects.toThrow(words);
  });

  test("that is shorter than the context is refused before the start", async () => {
    const { ask } = open();
    const { id } = await ask("putText", { name: "s.txt" }, new Blob(["a few words"]));
    const { refusal } = await ask("prepare", {
      ...tiny,
      data: { kind: "file", name: "s.txt", id },
    });
    expect(refusal?.message).toContain("does not fit");
  });

  test("that is gone is missed by name", async () => {
    const { ask } = open();
    const data = { kind: "file", name: "old.txt", id: "0" } as const;
    await expect(ask("prepare", { ...tiny, data })).rejects.toThrow("old.txt");
  });
});

test("before a run there is its time from real steps, and a preset to take", async () => {
  const { ask } = open();
  await ask("probe", undefined);
  const { stepSeconds, seconds, suggestion, training } = await ask("prepare", tiny);
  expect(stepSeconds).toBeGreaterThan(0);
  expect(seconds).toBe(runSeconds(training, stepSeconds!));
  expect(["tiny", "small", "medium", "large", "gpu"]).toContain(suggestion);
});

test("the preset offered has a short step: 200 ms, or 400 for the two largest", () => {
  expect(offered(1e9, 65)).toBe("tiny");
  expect(offered(10e9, 65)).toBe("small");
  expect(offered(25e9, 65)).toBe("medium");
  expect(offered(120e9, 65)).toBe("large");
  expect(offered(4e12, 65)).toBe("gpu");
});

test("a model that memory cannot hold is refused with its need", async () => {
  const { ask } = open();
  await ask("probe", undefined);
  const { refusal } = await ask("prepare", {
    ...tiny,
    model: { width: 12288, heads: 96, layers: 96 },
    training: { ...tiny.training },
  });
  expect(refusal).toMatchObject({ name: "OutOfMemoryError", largestBatch: 0 });
});

test("the same settings make the same losses as the recipe of the command", async () => {
  const one = open();
  await one.ask("start", { ...tiny, flags: { lr: 0.02 } });
  await one.until("done");
  const rates = one.steps().map((s) => s.rate);
  const { rate } = preset("tiny").training.schedule;
  expect(Math.max(...rates)).toBeCloseTo(0.02, 6);
  // The floor follows the rate, and the warm-up of 50 a run of 30.
  expect(one.engine.session.trainer.config.schedule).toMatchObject({
    rate: 0.02,
    floor: (0.001 * 0.02) / rate,
    warmup: 3,
  });
  expect(presetConfig(preset("tiny"), { vocabulary: 5 }).layers).toBe(2);
});

test("a rate and a clip change while the run goes on; both continuations are told", async () => {
  const { ask, until, steps, events } = open();
  await ask("start", { ...tiny, paused: true, prompt: "The ☃ dog" });
  await ask("control", { action: "step" });
  await until("paused");
  await ask("setHot", { rate: 1e-4, clip: 0.5 });
  await ask("control", { action: "run" });
  await until("done");
  expect(
    Math.max(
      ...steps()
        .slice(1)
        .map((s) => s.rate),
    ),
  ).toBeLessThanOrEqual(1e-4);
  const greedy = events.filter((e) => e.type === "greedy");
  expect(greedy.map((e) => e.step)).toEqual([0, 10, 20, 30]);
  for (const { text } of greedy) expect(text.startsWith("The  dog")).toBe(true);
});

test("all steps that were made are told before a pause, and one step after it is one", async () => {
  const { ask, until, steps, engine, events } = open();
  const { push } = events;
  // Steps are made together and told one by one: here the first of some is told.
  events.push = (event) => {
    const count = push.call(events, event);
    if (event.type === "training" && engine.status.step > 200)
      void ask("control", { action: "pause" });
    return count;
  };
  const training = { ...tiny.training, steps: 5000, evalEvery: 5000, sampleEvery: 0 };
  await ask("start", { ...tiny, training });
  await until("paused");
  events.push = push;
  const { step } = engine.status;
  expect(steps().at(-1)?.step).toBe(step);
  await ask("control", { action: "step" });
  await until("paused");
  expect(engine.status.step).toBe(step + 1);
  expect(steps().at(-1)?.step).toBe(step + 1);
});

test("a run that diverges says where, and goes on from the last sound state with a lower rate", async () => {
  const { ask, until, engine } = open();
  await ask("start", {
    ...tiny,
    flags: { lr: 1e3, warmup: 0 },
    training: { ...tiny.training, clip: 0 },
  });
  await until("failed").catch(() => {});
  const { failure } = engine.status;
  expect(failure?.name).toBe("DivergedError");
  expect(failure?.message).toMatch(/at step \d+/);
  const from = failure!.savedStep!;
  expect(from % 10).toBe(0);
  const status = await ask("resume", { rate: 1e-4 });
  expect(status.step).toBe(from);
  await until("done");
  expect(engine.status.step).toBe(30);
});
