import { existsSync } from "node:fs";
import { type WebGPUBackend, webgpu } from "@muladd/backend-webgpu";
import { preset, presetConfig } from "@muladd/gpt";
import { beforeAll, expect, test } from "vitest";
import { describeBackend, openBackend } from "../src/backend.ts";
import { readData } from "../src/data.ts";
import { explain } from "../src/errors.ts";
import { checkTensors } from "../src/train/memory.ts";
import { begin, makeTrainer, prepareNew } from "../src/train/prepare.ts";
import { trainSession } from "../src/train/session.ts";
import { muladd, testIO } from "./support.ts";
import { workplace } from "./training.ts";

// On an adapter: see tooling/scripts/vulkan.mjs.

let first: WebGPUBackend;
beforeAll(async () => {
  first = await webgpu();
  return () => first[Symbol.dispose]();
});

test("doctor shows the adapter, its features and its limits", async () => {
  const { code, out } = await muladd(["doctor", "--json"]);
  expect(code).toBe(0);
  const { backends } = JSON.parse(out);
  expect(backends[0]).toMatchObject({ name: "webgpu", available: true, adapter: first.facts });
  const { out: shown } = await muladd(["doctor"]);
  expect(shown).toMatch(/\nwebgpu +yes +\S.*\n +vendor \S+ · architecture \S+ · /);
  expect(shown).toMatch(/\n +(no )?f16 · (no )?subgroups.* · (no )?timestamps\n +a buffer \d+ MiB/);
});

test("auto leaves a software adapter alone, and takes a GPU", async () => {
  using backend = await openBackend("auto");
  expect(backend.name).toBe(first.facts.software ? "wasm" : "webgpu");
  expect(describeBackend(first)).toMatch(
    first.facts.software ? /^webgpu, .+ \(software\)$/ : /^webgpu, ./,
  );
});

const settings = {
  ...{ preset: "tiny", tokenizer: "char", split: 0.9, steps: 6, layers: 1, width: 8, heads: 2 },
  ...{ context: 8, batch: 2, saveEvery: 2, evalBatches: 1, sampleEvery: 0 },
};

test("a device that is lost amid a run leaves it whole, and says how to go on", async () => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd });
  using backend = await webgpu();
  const prepared = await prepareNew(io, await readData(io, ["text.txt"]), settings, "run", backend);
  const { model, trainer } = await makeTrainer(prepared, backend);
  using _ = trainer;
  const advanceBy = trainer.advanceBy.bind(trainer);
  Object.defineProperty(trainer, "advanceBy", {
    value: (steps: number) => {
      const reports = advanceBy(steps);
      if (existsSync(place.path("run", "checkpoints"))) backend.device.destroy(); // while they are under way
      return reports;
    },
  });
  const run = await begin(io, prepared);
  const options = {
    io,
    mode: "none",
    prepared,
    run,
    trainer,
    model,
    samplePrompt: "\n",
    keep: 2,
  } as const;
  const error = explain(await trainSession(options).catch((e: unknown) => e))!;
  expect(error.message).toMatch(/^webgpu: the device was lost/);
  expect(error.why).toEqual(["last good checkpoint: run step 2"]);
  expect(error.remedies).toEqual([
    "muladd train --resume run",
    "muladd train --resume run --backend wasm",
  ]);
  expect(place.checkpoints()).toEqual(["step-2.safetensors"]);
  for (const [name, steps] of [
    ["webgpu", "6"],
    ["reference", "8"],
  ] as const) {
    const args = ["train", "--resume", "run", "--backend", name, "--steps", steps];
    const { code, err } = await place.run(args);
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/^resume step/m) });
  }
});

test("a batch that --memory cannot hold is refused with the largest that fits", async () => {
  const place = workplace();
  const args = ["train", "text.txt", "--backend", "webgpu", "--memory", "2M", "--preset", "tiny"];
  const { code, err } = await place.run([...args, "--context", "32", "--batch", "16"]);
  expect(code).toBe(1);
  expect(err).toMatch(
    /error: the model needs [\d.]+ MB of memory to train\n {2}the webgpu backend has 2 MB/,
  );
  expect(err).toMatch(
    /\n {2}of batch 16 at most \d+ fit at once\n {2}try {2}muladd train .*--batch/,
  );
});

test("GPT-2's embedding does not fit buffers of 128 MiB: its bytes, the limit and the largest that fits", async () => {
  using backend = await webgpu({ device: first.device, maxBytes: 2 ** 27 });
  const config = presetConfig(preset("gpt2"), { vocabulary: 50257 });
  const error = explain(attempt(() => checkTensors(config, backend)))!;
  expect(error.exitCode).toBe(3);
  expect(error.message).toBe("the token embedding, 50257 × 768, is one tensor of 154 MB");
  expect(error.why).toEqual([
    "buffers of the webgpu backend hold at most 134 MB",
    "the largest that fits: 43690 tokens of width 768, or width 667 for 50257 tokens",
  ]);
  const small = presetConfig(preset("tiny"), { vocabulary: 64 });
  checkTensors(small, backend, 16);
  const wide = explain(attempt(() => checkTensors(small, backend, 1e6)))!;
  expect(wide.why[1]).toMatch(/^of batch 1000000 at most \d+ fit at once$/);
});

function attempt(body: () => void): unknown {
  try {
    return body();
  } catch (error) {
    return error;
  }
}

test("bench counts dispatches and submits of a step, and times its kernels where the adapter can", async () => {
  const args =
    "bench step --backend webgpu --preset tiny --batch 2 --seconds 1e-9 --profile -q --json";
  const { code, out } = await muladd(args.split(" "));
  expect(code).toBe(0);
  const { backend, step } = JSON.parse(out);
  expect(backend).toMatchObject({ name: "webgpu", adapter: first.facts });
  expect(step.tokens).toBe(2 * 32);
  expect(step.device.dispatches).toBeGreaterThan(20);
  expect(step.device.submits).toBeGreaterThanOrEqual(1);
  if (!first.facts.timestamps) {
    expect(backend.notes).toContain("profile: the adapter has no timestamp-query");
    return;
  }
  const { rows, ms } = step.kernels;
  const sum = (of: (row: { ms: number; share: number; calls: number }) => number) =>
    rows.map(of).reduce((a: number, b: number) => a + b, 0);
  expect(sum((r) => r.ms)).toBeCloseTo(ms, 6);
  expect(sum((r) => r.share)).toBeCloseTo(1, 6);
  expect(sum((r) => r.calls)).toBeCloseTo(step.device.dispatches, 6);
});
