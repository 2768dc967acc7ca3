import { reference } from "@muladd/backend-reference";
import { dispose, observe, Packed, Parameter, packedFormats, Tensor } from "@muladd/tensor";
import { afterEach, describe, expect, test } from "vitest";
import {
  blank,
  Embedding,
  Linear,
  linearCrossEntropyLoss,
  MLP,
  namedParameters,
  namedWeights,
  parameterOf,
} from "../src/index.ts";
import { expectClose } from "./close.ts";

const backend = reference();
afterEach(() => expect(backend.memory.buffers).toBe(0));

const wave = (count: number, speed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(speed * (i + 1)));

describe("blank with packed weights", () => {
  test("packs the matrices of linear layers and embeddings, and nothing else", () => {
    const layers = {
      table: new Embedding(7, 32, blank(backend, { weights: "int8" })),
      mlp: new MLP({ width: 32 }, blank(backend, { weights: "int4" })),
    };
    const kinds = Array.from(namedWeights(layers), ([name, w]) => [
      name,
      w instanceof Packed ? w.format : "f32",
    ]);
    expect(kinds).toEqual([
      ["table.weight", "int8"],
      ["mlp.up.weight", "int4"],
      ["mlp.up.bias", "f32"],
      ["mlp.down.weight", "int4"],
      ["mlp.down.bias", "f32"],
    ]);
    expect(Array.from(namedParameters(layers), ([name]) => name)).toEqual([
      "mlp.up.bias",
      "mlp.down.bias",
    ]);
    dispose(layers);
  });

  test("keeps in f32 what packing would not make smaller", () => {
    const narrow = new Linear(9, 5, blank(backend, { weights: "int8" }));
    const wide = new Linear(10, 5, blank(backend, { weights: "int8" }));
    expect([narrow.weight instanceof Parameter, wide.weight instanceof Packed]).toEqual([
      true,
      true,
    ]);
    dispose([narrow, wide]);
  });

  test("takes the bytes that it says", () => {
    const bytes = packedFormats.map((weights) => {
      const { weight } = new Linear(64, 10, blank(backend, { weights }), { bias: false });
      const { bytes } = backend.memory;
      expect(weight instanceof Packed && weight.byteLength).toBe(bytes);
      weight[Symbol.dispose]();
      return bytes;
    });
    expect(bytes).toEqual([1280, 1280, 720, 400]);
  });
});

test("the loss of a packed head by parts is that of its logits", async () => {
  const head = new Linear(33, 4099, blank(backend, { weights: "bf16" }), { bias: false });
  head.weight.write(wave(33 * 4099, 0.7));
  const rows = 2051; // two parts: 2²³ logits are 2,046 rows
  using hidden = Tensor.from(backend, wave(rows * 33, 0.3), [rows, 33]);
  const ids = Int32Array.from({ length: rows }, (_, i) => (i % 5 ? (7 * i) % 4099 : -1));
  using targets = Tensor.from(backend, ids);
  using loss = linearCrossEntropyLoss(hidden, head.weight, targets, 100);
  using wide = Tensor.from(backend, await head.weight.data(), head.weight.shape);
  using expected = linearCrossEntropyLoss(hidden, wide, targets, 100);
  expectClose(await loss.data(), await expected.data(), 1e-3);
  dispose(head);
});

test("a gradient through packed weights is an error that says what to do", () => {
  const table = new Embedding(7, 32, blank(backend, { weights: "int8" }));
  const layer = new Linear(32, 2, blank(backend, { weights: "f16" }));
  using ids = Tensor.from(backend, Int32Array.of(1, 2));
  using x = Tensor.from(backend, wave(64, 1), [2, 32]);
  const recorded = (body: () => Tensor) => () =>
    observe({ observe: () => {}, records: true }, body);
  expect(recorded(() => table.forward(ids))).toThrow(
    "gather: the weight is packed as int8, and has no gradient; load the model in f32 to train it",
  );
  expect(recorded(() => layer.forward(x))).toThrow(
    "linear: the weight is packed as f16, and has no gradient; load the model in f32 to train it",
  );
  expect(() => parameterOf(layer.weight)).toThrow("a weight is packed as f16");
  dispose([table, layer]);
});

test("rows may be written in parts", async () => {
  const packed = new Packed(backend, "bf16", [5, 40]);
  const data = wave(200, 0.1);
  packed.write(data.subarray(120), 3);
  packed.write(data.subarray(0, 120));
  expectClose(await packed.data(), data, 2 ** -8);
  expect(() => packed.write(data, 1)).toThrow(
    "Packed.write: 200 numbers from row 1 on do not fit (5, 40)",
  );
  packed[Symbol.dispose]();
});
