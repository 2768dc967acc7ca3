import type { WebGPUBackend } from "@muladd/backend-webgpu";
import { expect, it } from "vitest";
import { Engine } from "../src/engine/engine.ts";
import type { EngineEvent } from "../src/engine/protocol.ts";
import { SETTINGS } from "./engine.ts";

// On an adapter: see tooling/scripts/vulkan.mjs.

it("a GPU that is lost amid training costs the steps since the last checkpoint, and nothing else", async () => {
  const events: EngineEvent[] = [];
  const engine = new Engine((event) => events.push(event));
  const asked = { signal: new AbortController().signal, part: () => {} };
  const training = { ...SETTINGS.training, steps: 60, saveEvery: 20, evalEvery: 60 };
  await engine.handlers.start({ ...SETTINGS, training, paused: true }, asked);
  await engine.handlers.useBackend({ name: "webgpu" }, asked);
  expect(engine.status.backend?.name).toBe("webgpu");
  await engine.handlers.control({ action: "run" }, asked);
  await expect.poll(() => engine.status.step, { timeout: 60_000 }).toBeGreaterThanOrEqual(25);
  (engine.backend as WebGPUBackend).device.destroy();
  await expect.poll(() => engine.status.phase, { timeout: 60_000 }).toBe("done");
  expect(engine.status).toMatchObject({ step: 60, backend: { name: "wasm" } });
  expect(engine.status.backend?.reason).toMatch(/the GPU was lost; training goes on from step \d+/);
  const { rungs } = events.findLast((e) => e.type === "ladder")!.ladder;
  expect(rungs.find(({ name }) => name === "webgpu")?.refusal?.message).toContain("was lost");
  await engine.close();
});

it("a GPU that is lost before another backend is taken costs the steps since the last checkpoint", async () => {
  const engine = new Engine(() => {});
  const asked = { signal: new AbortController().signal, part: () => {} };
  await engine.handlers.start({ ...SETTINGS, paused: true }, asked);
  await engine.handlers.useBackend({ name: "webgpu" }, asked);
  await engine.handlers.control({ action: "step" }, asked);
  await expect
    .poll(() => engine.status, { timeout: 60_000 })
    .toMatchObject({ step: 1, phase: "paused" });
  await engine.save();
  await engine.handlers.control({ action: "step" }, asked);
  await expect
    .poll(() => engine.status, { timeout: 60_000 })
    .toMatchObject({ step: 2, phase: "paused" });
  (engine.backend as WebGPUBackend).device.destroy();
  await engine.handlers.useBackend({ name: "wasm" }, asked);
  expect(engine.status).toMatchObject({ phase: "paused", step: 1, backend: { name: "wasm" } });
  await engine.close();
});
