import { expect, test } from "vitest";
import { openUnproven } from "../src/engine/ladder.ts";
import { Rungs } from "../src/engine/rungs.ts";
import { recipeOf } from "../src/engine/session.ts";
import { timeStep, tryWebGPU } from "../src/engine/trial.ts";
import { tiny } from "./asking.ts";

test("the ladder begins with WASM; a rung that cannot be had is noted with its reason, and changes nothing", async () => {
  const rungs = new Rungs();
  await rungs.climb();
  expect(rungs.choice).toMatchObject({ name: "wasm" });
  const before = rungs.backend;
  // Node has no WebGPU, or one that the CPU imitates.
  expect(await tryWebGPU(rungs, await recipeOf(tiny), (body) => body())).toBeUndefined();
  expect(rungs.backend).toBe(before);
  expect(rungs.ladder.rungs).toMatchObject([
    { name: "wasm" },
    { name: "webgpu", refusal: { message: expect.stringMatching(/webgpu|imitates/) } },
  ]);
  before[Symbol.dispose]();
});

test("a trial says nothing of a rung that was taken by hand meanwhile", async () => {
  const rungs = new Rungs();
  await rungs.climb();
  using before = rungs.backend;
  const trial = tryWebGPU(rungs, await recipeOf(tiny), (body) => body());
  const chosen = await openUnproven("reference");
  using _ = chosen.backend;
  rungs.take("webgpu", chosen, "chosen by hand");
  expect(await trial).toBeUndefined();
  expect(before).not.toBe(rungs.backend);
  expect(rungs.ladder.rungs.find(({ name }) => name === "webgpu")).toEqual({
    name: "webgpu",
    title: chosen.title,
  });
  expect(rungs.choice?.reason).toBe("chosen by hand");
});

test("a step is timed on a model of its own, which is freed", async () => {
  const { backend } = await openUnproven("reference");
  using _ = backend;
  const bytes = backend.memory.bytes;
  expect(await timeStep(backend, await recipeOf(tiny))).toBeGreaterThan(0);
  expect(backend.memory.bytes).toBe(bytes);
});
