import { valueAndGrad } from "@muladd/autograd";
import { reference } from "@muladd/backend-reference";
import { blank, init, parametersOf } from "@muladd/nn";
import { Packed, packedFormats, Tensor } from "@muladd/tensor";
import { expect, test } from "vitest";
import { GPT, generate, readWeights, writeWeights } from "../src/index.ts";

const sizes = { vocabulary: 50, context: 12, width: 32, heads: 2, layers: 2 };
const backend = reference();
const source = new GPT(sizes, init(backend, 5));
const ids = Tensor.from(backend, [1, 2, 4, 49, 0, 7], [2, 3], "i32");
const targets = Tensor.from(backend, [2, 4, -1, 0, 7, 3], [2, 3], "i32");

test.each(packedFormats)("a model in %s is the model of its unpacked weights", async (format) => {
  const packed = new GPT(sizes, blank(backend, { weights: format }));
  writeWeights(packed, await readWeights(source), "source");
  expect(packed.tokens.weight).toBeInstanceOf(Packed);
  expect(packed.blocks[1]!.mlp.down.weight).toBeInstanceOf(Packed);
  const same = new GPT(sizes, blank(backend));
  writeWeights(same, await readWeights(packed), "packed");

  const [a, b] = [await packed.forward(ids).data(), await same.forward(ids).data()];
  for (const [i, x] of a.entries()) expect(x).toBeCloseTo(b[i]!, 5);
  const loss = (model: GPT) => model.loss(ids, targets, { count: 5 }).item();
  expect(await loss(packed)).toBeCloseTo(await loss(same), 5);
  const text = async (model: GPT, cache: boolean) => {
    const chosen: number[] = [];
    const options = { maxTokens: 20, temperature: 0, cache };
    for await (const { id } of generate(model, [3, 1], options)) chosen.push(id);
    return chosen;
  };
  const expected = await text(same, true);
  expect(await text(packed, true)).toEqual(expected);
  expect(await text(packed, false)).toEqual(expected);
});

test("training it is an error that says to load it in f32", () => {
  const packed = new GPT(sizes, blank(backend, { weights: "int4" }));
  expect(() => valueAndGrad(() => packed.loss(ids, targets), parametersOf(packed))).toThrow(
    "the weight is packed as int4, and has no gradient; load the model in f32 to train it",
  );
});
