import { schedule } from "@muladd/optim";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../src/check-config.ts";
import { nearest } from "../src/nearest.ts";
import { preset, presetConfig, presets } from "../src/presets.ts";
import { trainingConfig } from "../src/train/config.ts";

describe("presets", () => {
  test.each(Object.entries(presets))("%s is a model and a training that can be", (_, p) => {
    const config = presetConfig(p, p.model.vocabulary === undefined ? { vocabulary: 65 } : {});
    expect(config).toMatchObject(p.model);
    const training = trainingConfig(p.training);
    expect(training).toMatchObject(p.training);
    const rates = schedule({ ...training.schedule, steps: training.steps });
    expect(rates(training.schedule.warmup!)).toBeCloseTo(training.schedule.rate, 10);
    expect(rates(training.steps)).toBeCloseTo(training.schedule.rate / 10, 10);
  });

  test("nanogpt-cpu is nanoGPT's recipe for a CPU, number by number", () => {
    expect(preset("nanogpt-cpu")).toMatchObject({
      model: {
        layers: 4,
        heads: 4,
        width: 128,
        context: 64,
        positions: "learned",
        activation: "gelu",
        bias: false,
        dropout: 0,
      },
      training: {
        steps: 2000,
        batch: 12,
        accumulate: 1,
        clip: 1,
        optimizer: { kind: "adamw", betas: [0.9, 0.99], epsilon: 1e-8, weightDecay: 0.1 },
        schedule: { kind: "cosine", rate: 1e-3, floor: 1e-4, warmup: 100 },
      },
    });
  });

  // Table 2.1: layers, heads × head width, and batch in tokens, to the digits that the paper gives.
  test.each([
    ["gpt3-small", 12, 12, 64, 0.5e6, 6e-4],
    ["gpt3-medium", 24, 16, 64, 0.5e6, 3e-4],
    ["gpt3-large", 24, 16, 96, 0.5e6, 2.5e-4],
    ["gpt3-xl", 24, 16, 128, 1e6, 2e-4],
    ["gpt3-2.7b", 32, 32, 80, 1e6, 1.6e-4],
    ["gpt3-6.7b", 32, 32, 128, 2e6, 1.2e-4],
    ["gpt3-13b", 40, 40, 128, 2e6, 1e-4],
    ["gpt3-175b", 96, 96, 128, 3.2e6, 6e-5],
  ])("%s has its column of GPT-3's table", (name, layers, heads, headWidth, batch, rate) => {
    const { model, training, tokens } = preset(name);
    expect(model).toMatchObject({ layers, heads, width: heads * headWidth, context: 2048 });
    const tokensPerStep = training.batch * training.accumulate * model.context;
    expect(Math.abs(tokensPerStep / batch - 1)).toBeLessThan(0.05);
    expect(training.schedule.rate).toBe(rate);
    expect(tokens).toBe(300e9);
    expect(training.steps * tokensPerStep).toBeGreaterThanOrEqual(300e9);
    expect((training.steps - 1) * tokensPerStep).toBeLessThan(300e9);
  });

  test("the two sizes whose heads do not divide say what they are instead", () => {
    expect(preset("gpt3-xl").notes![0]).toMatch(/24 heads.*16 heads here/);
    expect(preset("gpt3-13b").notes![0]).toMatch(/5,140.*5,120 here/);
  });

  test("gpt3 is its largest size, gpt2 its smallest", () => {
    expect(preset("gpt3")).toBe(presets["gpt3-175b"]);
    expect(preset("gpt2-small")).toBe(presets.gpt2);
  });

  test("a name that is none gets the nearest, and all of them", () => {
    expect(() => preset("smal")).toThrow(ConfigError);
    expect(() => preset("smal")).toThrow(
      /^preset is "smal".*did you mean small\? there are tiny, small, .*gpt3-175b$/,
    );
    expect(() => preset("enormous")).toThrow(/which there is not; there are tiny/);
    expect(() => preset("constructor")).toThrow(ConfigError);
  });

  test("an open vocabulary must be given, and what is given counts", () => {
    expect(() => presetConfig(preset("small"))).toThrow(/^vocabulary of the preset small is open/);
    expect(presetConfig(preset("small"), { vocabulary: 65, width: 96 })).toMatchObject({
      vocabulary: 65,
      width: 96,
      layers: 4,
    });
    expect(() => presetConfig(preset("small"), { vocabulary: 65, heads: 7 })).toThrow(ConfigError);
  });
});

describe("nearest", () => {
  const verbs = ["train", "generate", "eval", "tokenize", "inspect", "plan"];
  test.each([
    ["trian", "train"],
    ["GENERATE", "generate"],
    ["evaluate", undefined],
    ["tokenise", "tokenize"],
    ["pln", "plan"],
    ["x", undefined],
    ["", undefined],
    ["quantize", undefined],
  ])("%o means %o", (word, meant) => {
    expect(nearest(word, verbs)).toBe(meant);
  });

  test("of two as near, the first; the very word above all", () => {
    expect(nearest("gtp3", ["gpu", "gpt3"])).toBe("gpt3"); // a swap is one edit
    expect(nearest("cat", ["bat", "rat"])).toBe("bat");
    expect(nearest("rat", ["bat", "rat"])).toBe("rat");
  });
});
