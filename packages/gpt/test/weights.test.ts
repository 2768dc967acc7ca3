import { reference } from "@muladd/backend-reference";
import { readSafetensors, writeSafetensors } from "@muladd/checkpoint";
import { blank, init, namedParameters } from "@muladd/nn";
import { FormatError, Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { GPT, readWeights, writeWeights } from "../src/index.ts";

const sizes = { vocabulary: 5, context: 4, width: 4, heads: 2, layers: 1 };
const backend = reference();

describe("weights", () => {
  test("come back through a file, and the model says the same", async () => {
    const model = new GPT(sizes, init(backend, 3));
    const bytes = writeSafetensors({ tensors: await readWeights(model), metadata: {} });
    const copy = new GPT(sizes, blank(backend));
    writeWeights(copy, readSafetensors(bytes).tensors, "file");
    const ids = Tensor.from(backend, [1, 2, 4], [1, 3], "i32");
    expect([...(await copy.forward(ids).data())]).toEqual([...(await model.forward(ids).data())]);
    const weights = await readWeights(copy);
    expect([...weights.keys()]).toEqual(Array.from(namedParameters(model), ([name]) => name));
    expect(weights.get("blocks.0.mlp.up.weight")!.shape).toEqual([16, 4]);
  });

  test("that do not fit are refused with every fault, and nothing changes", async () => {
    const model = new GPT(sizes, init(backend, 3));
    const before = await readWeights(model);
    const wrong = new Map(await readWeights(new GPT(sizes, init(backend, 4))));
    wrong.delete("norm.gain");
    wrong.set("positions.weight", { shape: [8, 4], data: new Float32Array(32) });
    wrong.set("lm_head.weight", { shape: [1], data: new Float32Array(1) });
    const attempt = () => writeWeights(model, wrong, "model.safetensors");
    expect(attempt).toThrow(FormatError);
    expect(attempt).toThrow(
      "model.safetensors does not fit the model: positions.weight is (8, 4), the model's is (4, 4); " +
        "norm.gain (4) is missing; lm_head.weight is not part of the model",
    );
    expect(await readWeights(model)).toEqual(before);
  });
});
