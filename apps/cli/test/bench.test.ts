import { reference } from "@muladd/backend-reference";
import { wasm } from "@muladd/backend-wasm";
import { planPreset, presets, reconfigure } from "@muladd/gpt";
import { Packed } from "@muladd/tensor";
import { expect, test } from "vitest";
import { benchMatmul, products } from "../src/bench/matmul.ts";
import { median, timeRounds } from "../src/bench/rounds.ts";
import { newModel, subject } from "../src/bench/subject.ts";
import type { BenchReport } from "../src/verbs/bench.ts";
import { muladd } from "./support.ts";

test("rounds are interleaved, so that a slow minute falls on all alike", async () => {
  const order: string[] = [];
  const contestant = (name: string) => ({ run: () => void order.push(name) });
  const timings = await timeRounds([contestant("a"), contestant("b")], { seconds: 1e-9 });
  expect(timings.map((t) => t.rounds)).toEqual([3, 3]);
  expect(order.join("")).toBe("aaabbbababab");
  for (const { median, min } of timings) expect(min).toBeLessThanOrEqual(median);
});

test("the median of an even number of values is the mean of the middle two", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([5, 1, 3, 4])).toBe(3.5);
});

test("every product is measured in all three modes, and memory is given back", async () => {
  using backend = await wasm();
  const shapes = products.slice(0, 2).map(({ m, n, k }) => ({ m: m / 8, n: n / 8, k: k / 8 }));
  const rows = await benchMatmul(backend, { seconds: 0.01, shapes });
  expect(rows.map((r) => r.mode)).toEqual(["NN", "NT", "TN", "NN", "NT", "TN"]);
  for (const { m, n, k, gflops, bestGflops, timing } of rows) {
    expect(gflops).toBeCloseTo((2 * m * n * k) / timing!.median / 1e6, 6);
    expect(bestGflops).toBeGreaterThanOrEqual(gflops!);
  }
  expect(backend.memory.buffers).toBe(0);
});

test("a product that would take longer than all the time given is left out, and says so", async () => {
  using backend = await wasm();
  const shapes = [{ m: 8, n: 8, k: 8 }, products[3]!];
  const rows = await benchMatmul(backend, { seconds: 0.01, shapes });
  expect(rows[0]!.gflops).toBeGreaterThan(0);
  expect(rows.slice(3).every((r) => /^one would take \d+ s$/.test(r.skipped!))).toBe(true);
});

test("a step is profiled by op, and its work is that of the plan", async () => {
  const args = ["bench", "step", "--seconds", "0.01", "--profile", "--json", "-q"];
  const { code, out, err } = await muladd(args);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { step, backend, machine, residentBytes } = JSON.parse(out);
  expect(backend).toMatchObject({ name: "wasm", variant: expect.stringMatching(/simd|relaxed/) });
  expect(machine.node).toBe(process.versions.node);
  expect(step).toMatchObject({ preset: "nanogpt-cpu", parameters: 804_096, tokens: 768 });
  expect(step.flop).toBe(planPreset(presets["nanogpt-cpu"]!).flop.step);
  const calls = new Map(step.profile.map((r: { op: string; calls: number }) => [r.op, r.calls]));
  expect(calls.get("attention")).toBe(4);
  expect(calls.get("linear")).toBe(16); // four a block
  expect(calls.get("linearCrossEntropy")).toBe(1);
  expect(calls.get("adamW")).toBe(27);
  expect(step.dispatches).toBeGreaterThan(100);
  const shares = step.profile.reduce((sum: number, r: { share: number }) => sum + r.share, 0);
  expect(shares).toBeCloseTo(1, 9);
  const of = (op: string) => step.profile.find((r: { op: string }) => r.op === op);
  // Of each block's C·3C + C·C + 2·C·4C, and the head's C·V with its two gradients, for every token.
  expect(of("linear").flop).toBe(2 * 768 * 4 * 12 * 128 * 128);
  expect(of("linearCrossEntropy").flop).toBe(6 * 768 * 128 * 65);
  expect(of("attention").flop).toBe(4 * 4 * 12 * 128 * ((64 * 65) / 2));
  expect(of("attentionGrad").flop).toBe(2.5 * of("attention").flop);
  expect(of("adamW").bytes).toBeGreaterThanOrEqual(7 * 4 * step.parameters);
  expect(of("adamW").roof).toBeCloseTo(
    of("adamW").bytes / step.roofline.bandwidth / (of("adamW").ms / 1000),
    9,
  );
  expect(of("(waiting for the loss)")).not.toHaveProperty("roof");
  expect(step.roofline.flops).toBeGreaterThan(0);
  expect(step.overhead.share).toBeCloseTo(step.overhead.ms / step.timing.median, 9);
  expect(step.overhead.microsPerDispatch * step.dispatches).toBeCloseTo(step.overhead.ms * 1000, 6);
  expect(step.peakBytes).toBeGreaterThan(16 * step.parameters);
  expect(residentBytes).toBeGreaterThan(step.peakBytes);
});

test("the subjects are the models of tooling/bench/torch_step.py, one pass a step", () => {
  const { model, training } = subject("nanogpt-cpu");
  expect(model).toMatchObject({ layers: 4, heads: 4, width: 128, context: 64, vocabulary: 65 });
  expect(model).toMatchObject({
    bias: false,
    activation: "gelu",
    dropout: 0,
    positions: "learned",
  });
  const optimizer = { kind: "adamw", betas: [0.9, 0.99], epsilon: 1e-8, weightDecay: 0.1 };
  expect(training).toMatchObject({ batch: 12, accumulate: 1, clip: 1, optimizer });
  const baby = subject("baby-gpt");
  const babySizes = { layers: 6, heads: 6, width: 384, context: 256 };
  expect(baby.model).toEqual(reconfigure(model, babySizes));
  expect(baby.training).toEqual({ ...training, batch: 8 });
  const gpt2 = subject("gpt2-124m");
  const sizes = { layers: 12, heads: 12, width: 768, vocabulary: 50257 };
  expect(gpt2.model).toEqual(reconfigure(model, sizes));
  expect(gpt2.training).toEqual({ ...training, batch: 4 });
  expect(subject("gpt2").training).toMatchObject({ batch: 1, accumulate: 1 });
});

test("generation is measured of any preset, and without the cache only where there is time", async () => {
  const args = ["bench", "generate", "--preset", "tiny", "--seconds", "1e-9", "--json", "-q"];
  const { code, out } = await muladd(args);
  expect(code).toBe(0);
  const [generate] = JSON.parse(out).generate;
  expect(generate).toMatchObject({ preset: "tiny", promptTokens: 32, rounds: 3 });
  expect(generate.decode).toBeGreaterThan(0);
  expect(generate).not.toHaveProperty("decodeUncached");
});

test("generation is measured with the cache and without, and reading a prompt apart", async () => {
  const { code, out } = await muladd(["bench", "generate", "--seconds", "4", "-q"]);
  expect(code).toBe(0);
  expect(out).toMatch(
    /\ngenerate {2}nanogpt-cpu, .*\n +weights +bytes +tok\/s +without the cache +prompt of 64 +rounds\n/,
  );
  expect(out).toMatch(/\n +f32 +3\.22 MB( +[\d,.]+){3} +\d+\n/);
});

test("weights are measured in several formats, each a model of its own", async () => {
  const args = [
    "bench",
    "generate",
    "--preset",
    "tiny",
    "--seconds",
    "1e-9",
    "-q",
    "--prompt",
    "5",
  ];
  const { code, out } = await muladd([...args, "--weights", "f32,bf16,f16,int8,int4", "--json"]);
  expect(code).toBe(0);
  const { generate } = JSON.parse(out) as BenchReport;
  const { parameters } = planPreset(presets.tiny!);
  expect(generate!.map((g) => g.weights)).toEqual(["f32", "bf16", "f16", "int8", "int4"]);
  expect(generate!.map((g) => g.promptTokens)).toEqual([5, 5, 5, 5, 5]);
  expect(generate![0]!.weightBytes).toBe(4 * parameters.total);
  for (const { decode, prefill } of generate!) expect(Math.min(decode, prefill)).toBeGreaterThan(0);
});

test("packed weights are random: every row has numbers, and memory is given back", async () => {
  using backend = reference();
  const { model } = subject("tiny");
  {
    using made = newModel(backend, { ...model, vocabulary: 100 }, "int4");
    const table = made.gpt.tokens.weight;
    expect(table).toBeInstanceOf(Packed);
    const data = await table.data();
    const spread = (row: number) =>
      Math.hypot(...data.subarray(row * model.width, (row + 1) * model.width));
    for (const row of [0, 63, 64, 99])
      expect(spread(row)).toBeCloseTo(0.02 * Math.sqrt(model.width), 1);
    expect(made.weightBytes).toBe(backend.memory.bytes);
  }
  expect(backend.memory.buffers).toBe(0);
});

test.each([
  [["stop"], 2, "there is no benchmark stop", "muladd bench step"],
  [["--seconds", "0"], 2, "--seconds 0 is not possible", "above 0"],
  [["step", "--preset", "nanogpt"], 2, "there is no preset nanogpt", "nanogpt-cpu"],
  [["step", "--preset", "gpt3-175b"], 1, "training gpt3-175b takes", "--preset nanogpt-cpu"],
  [["generate", "--preset", "gpt3"], 1, "writing with gpt3 takes", "--preset nanogpt-cpu"],
  [["step", "--backend", "cuda"], 2, "there is no backend cuda", "auto, webgpu, wasm, reference"],
  [
    ["--weights", "int8,int3"],
    2,
    "--weights int8,int3 is not possible",
    "f32, bf16, f16, int8, int4",
  ],
  [["generate", "--prompt", "65"], 2, "--prompt 65 is longer than the context", "--prompt 64"],
  [["generate", "--preset", "gpt3", "--weights", "int4"], 1, "gpt3 takes", "--preset nanogpt-cpu"],
  [["matmul", "--profile", "--backend", "wasm"], 2, "--profile shows nothing of matmul", "webgpu"],
  [["--products", "f16", "--backend", "wasm"], 2, "--products f16 is not possible", "webgpu"],
] as const)("bench %j is refused with what to do", async (args, code, what, remedy) => {
  const result = await muladd(["bench", ...args]);
  expect(result).toMatchObject({ code, out: "" });
  expect(result.err).toContain(what);
  expect(result.err).toContain(remedy);
});
