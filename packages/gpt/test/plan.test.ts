import { valueAndGrad } from "@muladd/autograd";
import { reference } from "@muladd/backend-reference";
import { init, parametersOf } from "@muladd/nn";
import { dispose, Rng, size, Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../src/check-config.ts";
import { type GPTConfig, gptConfig } from "../src/config.ts";
import { describePlan } from "../src/describe-plan.ts";
import { GPT } from "../src/model.ts";
import { plan, planPreset } from "../src/plan.ts";
import { activationBytes, countParameters } from "../src/plan-memory.ts";
import { preset, presetConfig } from "../src/presets.ts";
import {
  formatCount,
  formatDollars,
  formatDuration,
  formatEngineering,
  formatExponent,
  formatQuantity,
} from "../src/quantities.ts";

const count = (name: string, given: Partial<GPTConfig> = {}) =>
  countParameters(presetConfig(preset(name), given));

describe("parameters", () => {
  test.each([
    ["gpt2", 124_439_808],
    ["gpt2-medium", 354_823_168],
    ["gpt2-large", 774_030_080],
    ["gpt2-xl", 1_557_611_200],
    ["gpt3-small", 125_226_240],
    ["gpt3-medium", 355_871_744],
    ["gpt3-large", 760_300_032],
    ["gpt3-xl", 1_315_723_264],
    ["gpt3-2.7b", 2_651_553_280],
    ["gpt3-6.7b", 6_658_404_352],
    ["gpt3-13b", 12_853_386_240],
    ["gpt3-175b", 174_604_259_328],
  ])("%s has %d", (name, total) => {
    expect(count(name).total).toBe(total);
  });

  test.each([
    ["tiny", 28_576],
    ["small", 208_320],
    ["medium", 809_856],
    ["large", 2_706_624],
    ["gpu", 10_770_816],
  ])("%s has %d with 65 characters", (name, total) => {
    expect(count(name, { vocabulary: 65 }).total).toBe(total);
  });

  // nanoGPT prints 0.80M and 10.65M: without biases, and without the position embedding.
  test.each([
    ["nanogpt-cpu", 795_904],
    ["gpu", 10_646_784],
  ])("%s has nanoGPT's number, counted as nanoGPT does", (name, total) => {
    const counted = count(name, { vocabulary: 65, bias: false });
    expect(counted.total - counted.positions).toBe(total);
  });

  test.each<Partial<GPTConfig>>([
    {},
    { bias: false },
    { positions: "sinusoidal" },
    { activation: "gelu", bias: false, positions: "sinusoidal" },
    { norm: "rms", gated: true, kvHeads: 1, positions: "rotary", bias: false, tied: false },
    {
      qkNorm: true,
      headWidth: 6,
      hidden: 20,
      bias: { qkv: true, out: false, mlp: true, norm: false },
    },
    { normPlace: "after", activation: "relu" },
  ])("are as many as the model has, part by part: %o", (given) => {
    const config = gptConfig({
      vocabulary: 11,
      context: 6,
      width: 8,
      heads: 2,
      layers: 3,
      ...given,
    });
    using backend = reference();
    const model = new GPT(config, init(backend, 0));
    const of = (module: object) => parametersOf(module).reduce((n, p) => n + size(p.shape), 0);
    const block = model.blocks[0]!;
    expect(countParameters(config)).toEqual({
      tokens: of(model.tokens),
      positions: of(model.positions ?? []),
      block: {
        attention: of(block.attention),
        mlp: of(block.mlp),
        norms: of(block.norm1) + of(block.norm2),
        total: of(block),
      },
      blocks: of(model.blocks),
      norm: of(model.norm ?? []),
      head: of(model.head ?? []),
      total: of(model),
    });
  });
});

describe("memory", () => {
  test("weights take 4 bytes each, training with AdamW 16, GPT-2's cache 75.5 MB", () => {
    const gpt3 = planPreset(preset("gpt3")).bytes;
    expect(gpt3.float32).toBe(698_417_037_312);
    expect(gpt3.float16).toBe(349_208_518_656);
    const { weights, gradients, moments, activations, total } = gpt3.training;
    expect(weights + gradients + moments).toBe(2_793_668_149_248);
    expect(total).toBe(weights + gradients + moments + activations);
    expect(planPreset(preset("gpt2")).bytes.cache).toBe(75_497_472);
  });

  // Left out of the estimate, so that it can be this close only: the few gradients of parameters that exist at the high
  // point, numbers of single rows, and what a layer frees a moment later than it could.
  test.each<[title: string, batch: number, config: Partial<GPTConfig>]>([
    ["a large vocabulary", 16, { vocabulary: 400 }],
    ["the mlp is the high point", 16, { vocabulary: 8, layers: 1 }],
    ["a deep model without biases", 12, { layers: 6, bias: false }],
    ["dropout, attention is", 16, { dropout: 0.1 }],
    ["a Llama", 16, { norm: "rms", gated: true, positions: "rotary", kvHeads: 1, bias: false }],
    [
      "norms of queries and keys, wide heads",
      16,
      { qkNorm: true, headWidth: 16, norm: "rms", bias: false, gated: true },
    ],
    ["norms after, relu", 16, { normPlace: "after", activation: "relu" }],
    ["silu and a head of its own", 16, { activation: "silu", tied: false }],
    [
      "dropout of attention alone, shared keys",
      16,
      { dropout: { attention: 0.1, embedding: 0, residual: 0 }, kvHeads: 1 },
    ],
    ["dropout, the mlp is", 16, { dropout: 0.1, heads: 1, vocabulary: 8 }],
  ])("a training pass holds what is planned, within 3%%: %s", (_, batch, given) => {
    const sizes = { vocabulary: 20, context: 32, width: 16, heads: 2, layers: 2 };
    const config = gptConfig({ ...sizes, ...given });
    using backend = reference();
    const model = new GPT(config, init(backend, 0));
    const shape = [batch, config.context];
    const ids = Array.from({ length: size(shape) }, (_, i) => (i * 7) % config.vocabulary);
    using inputs = Tensor.from(backend, ids, shape, "i32");
    using targets = Tensor.from(backend, ids, shape, "i32");
    const before = backend.memory.bytes;
    dispose(
      valueAndGrad(
        () => model.loss(inputs, targets, { rng: new Rng(1, "dropout") }),
        parametersOf(model),
      ),
    );
    // The gradient of the token embedding, which the plan counts among the gradients, is there from the loss on.
    const held = backend.memory.peakBytes - before - 4 * config.vocabulary * config.width;
    const ratio = held / activationBytes(config, batch);
    expect(ratio).toBeGreaterThan(0.97);
    expect(ratio).toBeLessThan(1.03);
  });
});

describe("compute", () => {
  const gpt3 = planPreset(preset("gpt3"), { here: { name: "this CPU", flops: 40e9 } });

  test("GPT-3 takes 3.1428767e23 FLOP: 3,638 petaflop/s-days, 355.9 V100-years, $4.68 million", () => {
    expect(gpt3.flop.training / 1e23).toBeCloseTo(3.1428767, 7);
    expect(gpt3.flop.petaflopDays).toBeCloseTo(3637.6, 1);
    expect(gpt3.device).toMatchObject({ name: "one V100", flops: 28e12, price: 1.5 });
    expect(gpt3.device.years).toBeCloseTo(355.9, 1);
    expect(gpt3.device.cost / 1e6).toBeCloseTo(4.677, 3);
    expect(gpt3.here!.years).toBeCloseTo(249_150, -1);
  });

  test("the published figures follow from 3.14e23 FLOP, cut off", () => {
    const years = 3.14e23 / gpt3.device.flops / (365 * 24 * 3600);
    expect(Math.floor(years)).toBe(355);
    expect(355 * 8760 * gpt3.device.price).toBe(4_664_700);
  });

  test.each([
    ["tiny", 0.1],
    ["small", 1.5],
    ["medium", 4],
    ["large", 37],
    ["gpu", 1200],
  ])("a step of %s takes about %d GFLOP", (name, gflop) => {
    expect(planPreset(preset(name)).flop.step / 1e9 / gflop).toBeCloseTo(1, 1);
  });

  test("a step is nanoGPT's 6N + 12LCT for each of its tokens, positions not in N", () => {
    const { flop, training } = planPreset(preset("nanogpt-cpu"));
    expect(training.tokensPerStep).toBe(12 * 64);
    expect(flop.step).toBe((6 * 795_904 + 12 * 4 * 128 * 64) * 768);
    expect(flop.token).toBe(2 * 795_904 + 4 * 4 * 128 * 64);
  });

  test.each([
    [65, 4.174],
    [256, 5.545],
    [50257, 10.825],
  ])("with %d tokens to choose from the loss starts at %d nats", (vocabulary, loss) => {
    const config = presetConfig(preset("small"), { vocabulary });
    expect(plan(config).training.lossBefore).toBeCloseTo(loss, 3);
  });
});

describe("options", () => {
  const config = presetConfig(preset("small"), { vocabulary: 65 });

  test("tokens come from what is given, then from the steps, then from the parameters", () => {
    const passes = { batch: 4, accumulate: 2 };
    expect(plan(config, { ...passes, steps: 10 }).training).toMatchObject({
      tokensPerStep: 512,
      steps: 10,
      tokens: 5120,
    });
    expect(plan(config, { ...passes, steps: 10, tokens: 1025 }).training).toMatchObject({
      steps: 3,
      tokens: 1025,
    });
    const open = plan(config, passes);
    expect(open.training.tokens).toBe(20 * 208_320);
    expect(open.assumed.join()).toContain("20 tokens a parameter");
  });

  test("tokens and steps that are asked for replace those of the published training", () => {
    expect(planPreset(preset("gpt3")).training).toMatchObject({ tokens: 300e9, steps: 91_553 });
    expect(planPreset(preset("gpt3"), { tokens: 1e9 }).training.tokens).toBe(1e9);
    expect(planPreset(preset("gpt3"), { steps: 10 }).training.tokens).toBe(10 * 1600 * 2048);
  });

  test("a device of one's own is not called a V100, and nothing published is assumed of it", () => {
    const own = planPreset(preset("gpt3"), { flops: 1e15, price: 2 });
    expect(own.device.name).toBe("one device");
    expect(own.device.cost).toBeCloseTo((own.flop.training / 1e15 / 3600) * 2, 0);
    expect(own.assumed).toEqual([]);
    expect(planPreset(preset("gpt3"), { flops: 1e15, device: "one H100" }).device.name).toBe(
      "one H100",
    );
  });

  test("settings of the model replace the preset's; an open vocabulary is 65, and said", () => {
    const wide = planPreset(preset("small"), { model: { width: 128 } });
    expect(wide.parameters.total).toBe(809_856);
    expect(wide.assumed[0]).toContain("vocabulary 65");
    const bytes = planPreset(preset("small"), { model: { vocabulary: 256 } });
    expect(bytes.config.vocabulary).toBe(256);
    expect(bytes.assumed.join()).not.toContain("vocabulary");
  });

  test.each([
    [{ batch: 0 }, "batch is 0"],
    [{ steps: 1.5 }, "steps is 1.5"],
    [{ tokens: -1 }, "tokens is -1"],
    [{ flops: Number.NaN }, "flops is NaN"],
    [{ here: { name: "here", flops: 0 } }, "here.flops is 0"],
    [{ price: -1 }, "price is -1"],
  ])("%o is refused", (options, message) => {
    expect(() => plan(config, options)).toThrow(ConfigError);
    expect(() => plan(config, options)).toThrow(message);
  });

  test("a plan survives JSON", () => {
    const p = planPreset(preset("gpt3-xl"), { here: { name: "this CPU", flops: 1e9 } });
    expect(JSON.parse(JSON.stringify(p))).toEqual(p);
  });
});

describe("as text", () => {
  test("GPT-3 reads as the papers have it, assumptions and published figures beside it", () => {
    const lines = describePlan(
      planPreset(preset("gpt3"), { here: { name: "this CPU", flops: 40e9 } }),
    );
    expect(lines).toEqual([
      "GPT-3 175B  96 layers · 96 heads · width 12,288 · context 2,048",
      "            vocabulary 50,257",
      "parameters  174.6 billion · blocks 174 billion · embeddings 642.7 million",
      "by part     attention 57.99 billion · mlp 116 billion · norms 4.743 million",
      "            tokens 617.6 million (and head) · positions 25.17 million",
      "memory      698 GB as float32 · 349 GB as float16 · 19.3 GB for keys and values",
      "to train    2.79 TB with Adam (16 bytes each)",
      "            155 GB for activations of 1 sequence",
      "compute     6 × 174.6e9 × 300e9 tokens = 3.14e23 FLOP = 3,638 petaflop/s-days",
      "one step    3.277 million tokens · 3.53 EFLOP with attention",
      "            91,553 steps in all",
      "one token   359 GFLOP to write after a full context",
      "loss        10.825 nats before training (ln 50,257)",
      "one V100    356 years (28 TFLOP/s) · $4.68 million ($1.50 an hour)",
      "this CPU    249,000 years (40 GFLOP/s, measured)",
      "assumed     28 TFLOP/s: a V100 in half precision without tensor cores (Lambda",
      "            2020)",
      "            $1.50 an hour: what it cost then",
      "note        Published (Lambda, 2020-06-03): 355 years on one V100 and $4.6",
      "            million. That is 3.14e23 FLOP at 28 TFLOP/s, 355.6 years, cut to",
      "            355; and 355 years at $1.50 an hour, $4.66 million, cut to $4.6.",
      "            GPT-3 alternates dense and banded sparse attention; here every layer",
      "            is dense.",
    ]);
  });

  test("fixed positions are said to be fixed", () => {
    const fixed = planPreset(preset("small"), { model: { positions: "sinusoidal" } });
    expect(describePlan(fixed).join("\n")).toContain("positions 0 (fixed)");
  });

  test.each(["tiny", "gpu", "nanogpt-cpu", "gpt2-xl", "gpt3-medium", "gpt3-13b"])(
    "%s fits 80 columns",
    (name) => {
      for (const line of describePlan(planPreset(preset(name))))
        expect(line.length, line).toBeLessThanOrEqual(80);
    },
  );

  test("quantities carry three or four digits and the unit that fits", () => {
    expect(
      [0.5, 2.5494, 999, 1000, 208_320, 999_999, 10_770_816, 9.9996e8, 3e12].map(formatCount),
    ).toEqual([
      "0.5",
      "2.549",
      "999",
      "1,000",
      "208,320",
      "1 million",
      "10.77 million",
      "1 billion",
      "3 trillion",
    ]);
    expect(
      [0, 12, 999.6, 1536, 2.79e12, 9.996e20, 3.1428767e23].map((n) => formatQuantity(n, "B")),
    ).toEqual(["0 B", "12 B", "1 kB", "1.54 kB", "2.79 TB", "1.00e21 B", "3.14e23 B"]);
    expect([1, 208_320, 999_990, 300e9].map(formatEngineering)).toEqual([
      "1",
      "208.3e3",
      "1e6",
      "300e9",
    ]);
    expect(formatExponent(3.1428767e23)).toBe("3.14e23");
    expect(
      [0.25, 1, 59, 90, 7200, 86400 * 3, 31_536_000 * 355.94, 31_536_000 * 9.06e6].map(
        formatDuration,
      ),
    ).toEqual([
      "0.25 seconds",
      "1 second",
      "59 seconds",
      "1.5 minutes",
      "2 hours",
      "3 days",
      "356 years",
      "9.06 million years",
    ]);
    expect([0, 1e-5, 0.416, 336, 84_321, 4_677_000, 1.2e9].map(formatDollars)).toEqual([
      "$0",
      "less than a cent",
      "$0.42",
      "$336",
      "$84,300",
      "$4.68 million",
      "$1.2 billion",
    ]);
  });
});
