import { describe, expect, test } from "vitest";
import {
  biasesOf,
  ConfigError,
  dropoutsOf,
  type GPTConfig,
  gptConfig,
  reconfigure,
} from "../src/index.ts";

const rotary = (scaling: object) => ({ positions: "rotary", rotary: { base: 1e4, scaling } });

const sizes = { vocabulary: 10, context: 8, width: 12, heads: 3, layers: 2 };
const usual = {
  kvHeads: 3,
  headWidth: 4,
  hidden: 48,
  norm: "layer",
  normEpsilon: 1e-5,
  normPlace: "before",
  activation: "geluTanh",
  gated: false,
  positions: "learned",
  embeddingScale: 1,
  positionScale: 0.02 * Math.SQRT2,
  bias: true,
  qkNorm: false,
  attentionScale: 0.5,
  windows: [],
  tied: true,
  dropout: 0,
} as const;

describe("gptConfig", () => {
  test("completes sizes with GPT-2's choices", () => {
    expect(gptConfig(sizes)).toEqual({ ...sizes, ...usual });
  });

  test("completes a Llama's", () => {
    const given = { gated: true, norm: "rms", positions: "rotary", bias: false } as const;
    expect(gptConfig({ ...sizes, ...given, kvHeads: 1 })).toEqual({
      ...sizes,
      ...usual,
      ...given,
      kvHeads: 1,
      hidden: 32, // 8/3 · 12 up to a multiple of 16
      activation: "silu",
      rotary: { base: 10_000 },
    });
  });

  test("keeps what is given, and drops what it does not know", () => {
    const given = {
      ...sizes,
      kvHeads: 1,
      headWidth: 6,
      hidden: 20,
      norm: "rms",
      normEpsilon: 1e-6,
      normPlace: "after",
      activation: "silu",
      gated: true,
      positions: "rotary",
      rotary: {
        base: 5e5,
        scaling: { kind: "llama3", factor: 8, low: 1, high: 4, original: 8192 },
      },
      embeddingScale: 2,
      positionScale: 1,
      bias: { qkv: true, out: false, mlp: true, norm: false },
      qkNorm: true,
      attentionScale: 1,
      windows: [null, 4],
      tied: false,
      dropout: { embedding: 0.1, attention: 0.2, residual: 0.3 },
    } as const satisfies GPTConfig;
    expect(gptConfig(given)).toEqual(given);
    expect(gptConfig({ ...given, color: "red" } as GPTConfig)).toEqual(given);
  });

  test.each(["vocabulary", "context", "width", "heads", "layers"] as const)(
    "refuses a %s that is not a whole number above 0",
    (field) => {
      for (const value of [0, -1, 1.5, Number.NaN, Infinity, undefined as unknown as number]) {
        const error = caught({ ...sizes, [field]: value });
        expect(error.field).toBe(field);
        expect(error.message).toBe(`${field} is ${value}; it must be a whole number, 1 at least`);
      }
    },
  );

  test.each([
    [{ positions: "alibi" }, 'positions is "alibi"; it is one of learned, sinusoidal, rotary'],
    [{ activation: "elu" }, 'activation is "elu"; it is one of gelu, geluTanh, relu, silu'],
    [{ norm: "batch" }, 'norm is "batch"; it is one of layer, rms'],
    [{ normPlace: "both" }, 'normPlace is "both"; it is one of before, after'],
    [
      { kvHeads: 2 },
      "kvHeads 2 does not divide 3 heads: each key head serves a whole number of them; try kvHeads 3",
    ],
    [{ headWidth: 1.5 }, "headWidth is 1.5; it must be a whole number, 1 at least"],
    [{ hidden: 0 }, "hidden is 0; it must be a whole number, 1 at least"],
    [{ normEpsilon: 0 }, "normEpsilon is 0; it must be a number above 0"],
    [{ attentionScale: Infinity }, "attentionScale is Infinity; it must be a number above 0"],
    [{ embeddingScale: -1 }, "embeddingScale is -1; it must be a number above 0"],
    [{ positionScale: "1" }, "positionScale is 1; it must be a number above 0"],
    [{ tied: 1 }, "tied is 1; it is true or false"],
    [{ qkNorm: "yes" }, "qkNorm is yes; it is true or false"],
    [
      { gated: true, activation: "gelu" },
      'activation is "gelu" in a gated MLP; make it "silu", or gated false',
    ],
    [
      { windows: [4] },
      "windows are [4] for 2 layers; give one for each layer, null where there is none, or [] for no windows",
    ],
    [{ windows: [null, 0] }, "windows[1] is 0; it must be a whole number, 1 at least"],
    [
      { rotary: { base: 1e4 } },
      'rotary is given, but positions are "learned"; leave it out, or make positions "rotary"',
    ],
    [
      { positions: "rotary", headWidth: 3 },
      "headWidth 3 is odd; rotary positions turn pairs of columns: make the head width even",
    ],
    [{ positions: "rotary", rotary: { base: 0 } }, "rotary.base is 0; it must be a number above 0"],
    [
      rotary({ kind: "yarn", factor: 4 }),
      'rotary.scaling.kind is "yarn"; it is one of linear, dynamic, llama3',
    ],
    [
      rotary({ kind: "dynamic", factor: 4 }),
      "rotary.scaling.original is undefined; it must be a number above 0",
    ],
    [
      rotary({ kind: "linear", factor: 0.5 }),
      "rotary.scaling.factor is 0.5; it stretches the context: 1 at least",
    ],
    [
      rotary({ kind: "llama3", factor: 8, low: 4, high: 4, original: 8192 }),
      "rotary.scaling.high 4 is not above low 4; the published models have low 1 and high 4",
    ],
    [
      { headWidth: 2, ...rotary({ kind: "dynamic", factor: 2, original: 8 }) },
      "rotary.scaling is dynamic for heads of 2 columns, whose one frequency has no base to scale; make the head width 4 at least",
    ],
    [{ bias: { qkv: true, out: 1, mlp: true, norm: true } }, "bias.out is 1; it is true or false"],
    [
      { norm: "rms", bias: { qkv: true, out: true, mlp: true, norm: true } },
      'bias.norm is true, but RMS norms have no bias; make it false, or norm "layer"',
    ],
    [
      { dropout: { embedding: 0, attention: 1, residual: 0 } },
      "dropout.attention is 1; it lies in 0 … 1, without 1",
    ],
    [{ bias: "no" }, "bias is no; it is true or false"],
    [{ dropout: 1 }, "dropout is 1; it lies in 0 … 1, without 1"],
    [{ dropout: -0.1 }, "dropout is -0.1; it lies in 0 … 1, without 1"],
    [{ dropout: Number.NaN }, "dropout is NaN; it lies in 0 … 1, without 1"],
    [
      { positions: "sinusoidal", width: 15 },
      "width 15 is odd; sinusoidal positions pair columns: make the width even",
    ],
  ])("refuses %j", (wrong, message) => {
    const error = caught({ ...sizes, ...wrong } as GPTConfig);
    expect(error.message).toBe(message);
    expect(message.startsWith(error.field)).toBe(true);
  });

  test.each([
    [{ width: 100, heads: 12 }, "100 / 12 = 8.333", "try width 96, or heads 10"],
    [{ width: 24, heads: 5 }, "24 / 5 = 4.8", "try width 25, or heads 6"],
    [{ width: 7, heads: 20 }, "7 / 20 = 0.35", "try width 20, or heads 7"],
  ])("for %j names a width and a number of heads that would do", (wrong, division, remedy) => {
    const error = caught({ ...sizes, ...wrong });
    expect(error.field).toBe("width");
    expect(error.why).toContain(division);
    expect(error.remedy).toBe(remedy);
    const [width, heads] = remedy.match(/\d+/g)!.map(Number) as [number, number];
    expect(gptConfig({ ...sizes, ...wrong, width }).width).toBe(width);
    expect(gptConfig({ ...sizes, ...wrong, heads }).heads).toBe(heads);
  });
});

describe("reconfigure", () => {
  test("lets what followed from the sizes follow from the new ones", () => {
    expect(reconfigure(gptConfig(sizes), { width: 24, heads: 2, gated: true })).toEqual(
      gptConfig({ ...sizes, width: 24, heads: 2, gated: true }),
    );
  });

  test("keeps what was chosen", () => {
    const chosen = {
      kvHeads: 1,
      headWidth: 8,
      hidden: 20,
      activation: "relu",
      attentionScale: 1,
    } as const;
    const changed = reconfigure(gptConfig({ ...sizes, ...chosen }), { width: 16, heads: 5 });
    expect(changed).toEqual(gptConfig({ ...sizes, ...chosen, width: 16, heads: 5 }));
  });
});

test("biases and dropouts are told part by part", () => {
  const parts = { qkv: true, out: false, mlp: false, norm: false };
  expect(biasesOf(gptConfig({ ...sizes, bias: parts }))).toEqual(parts);
  expect(biasesOf(gptConfig({ ...sizes, norm: "rms" }))).toEqual({
    qkv: true,
    out: true,
    mlp: true,
    norm: false,
  });
  const places = { embedding: 0, attention: 0.1, residual: 0.2 };
  expect(dropoutsOf(gptConfig({ ...sizes, dropout: places }))).toEqual(places);
  expect(dropoutsOf(gptConfig({ ...sizes, dropout: 0.5 }))).toEqual({
    embedding: 0.5,
    attention: 0.5,
    residual: 0.5,
  });
});

function caught(config: Parameters<typeof gptConfig>[0]): ConfigError {
  try {
    gptConfig(config);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("gptConfig accepted it");
}
