import { reference } from "@muladd/backend-reference";
import { init } from "@muladd/nn";
import { Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { attentionMaps, GPT, type GPTConfig, generate, logitLens } from "../src/index.ts";

const backend = reference({ precision: "f64" });
const sizes = { vocabulary: 11, context: 8, width: 8, heads: 2, layers: 2 };
const families: Record<string, Partial<GPTConfig>> = {
  llama: { kvHeads: 1, norm: "rms", positions: "rotary", gated: true, bias: false, tied: false },
  qwen3: { kvHeads: 1, headWidth: 6, norm: "rms", positions: "rotary", qkNorm: true, bias: false },
  windowed: { windows: [null, 2], attentionScale: 1 },
  transformer: { normPlace: "after", positions: "sinusoidal", activation: "relu" },
  dynamic: {
    positions: "rotary",
    rotary: { base: 100, scaling: { kind: "dynamic", factor: 2, original: 5 } },
  },
};
const { normal, ...rest } = init(backend, 3);
const create = (config: Partial<GPTConfig>) =>
  new GPT({ ...sizes, ...config }, { ...rest, normal: (shape, std) => normal(shape, 20 * std) });
const IDS = [3, 1, 4, 1, 5, 9];

describe.each(Object.entries(families))("%s", (_, config) => {
  const model = create(config);

  test("writes the same with its cache and without, past its context", async () => {
    const write = async (cache: boolean) => {
      const ids: number[] = [];
      const options = { cache, temperature: 0, maxTokens: 12 };
      for await (const { id } of generate(model, [3, 1], options)) ids.push(id);
      return ids;
    };
    const cached = await write(true);
    expect(cached).toHaveLength(12);
    expect(cached).toEqual(await write(false));
  });

  test("shows its attention and, by the lens, ends with its own logits", async () => {
    using ids = Tensor.from(backend, IDS, [1, IDS.length], "i32");
    using logits = model.forward(ids);
    const own = Float32Array.from(await logits.data());
    expect((await logitLens(model, IDS)).at(-1)).toEqual(own);
    const maps = await attentionMaps(model, IDS);
    for (const [layer, map] of maps.entries()) {
      const window = model.config.windows[layer] ?? IDS.length;
      for (let i = 0; i < IDS.length; i++)
        for (let j = 0; j < IDS.length; j++)
          expect(map[i * IDS.length + j]! > 0).toBe(j <= i && j > i - window);
    }
  });
});
