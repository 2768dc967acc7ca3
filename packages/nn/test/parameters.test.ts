import { reference } from "@muladd/backend-reference";
import { describe, expect, test } from "vitest";
import {
  CausalSelfAttention,
  Embedding,
  init,
  LayerNorm,
  Linear,
  namedParameters,
  parametersOf,
  SinusoidalPositions,
} from "../src/index.ts";

const from = init(reference(), 1);

/** A module as users write it: layers in fields, lists and plain objects; no base class. */
class Model {
  readonly name = "model";
  readonly tokens = new Embedding(3, 2, from);
  readonly waves = new SinusoidalPositions(3, 2, from);
  readonly layers = [new Linear(2, 2, from), new Linear(2, 2, from, { bias: false })];
  readonly heads = { a: new Linear(2, 1, from), tied: this.tokens };
  readonly norm = new LayerNorm(2, from);
  readonly again = this.norm.gain;
  readonly self: Model = this;
  readonly nothing = null;
  readonly numbers = new Float32Array(2);
}

describe("namedParameters", () => {
  test("names every parameter by its path of fields, in their order", () => {
    expect(Array.from(namedParameters(new Model()), ([name]) => name)).toEqual([
      "tokens.weight",
      "layers.0.weight",
      "layers.0.bias",
      "layers.1.weight",
      "heads.a.weight",
      "heads.a.bias",
      "norm.gain",
      "norm.bias",
    ]);
  });

  test("gives a parameter that fields share once, under the first", () => {
    const model = new Model();
    const parameters = parametersOf(model);
    expect(new Set(parameters).size).toBe(parameters.length);
    expect(parameters[0]).toBe(model.heads.tied.weight);
  });

  test("begins paths with the prefix it is given", () => {
    const names = Array.from(namedParameters(new Linear(1, 1, from), "head."), ([name]) => name);
    expect(names).toEqual(["head.weight", "head.bias"]);
  });

  test("finds the parts of attention", () => {
    const attention = new CausalSelfAttention({ width: 4, heads: 2 }, from);
    expect(Array.from(namedParameters(attention), ([name, p]) => [name, p.shape])).toEqual([
      ["qkv.weight", [12, 4]],
      ["qkv.bias", [12]],
      ["out.weight", [4, 4]],
      ["out.bias", [4]],
    ]);
  });

  test("finds none where there is none", () => {
    expect(parametersOf({ a: 1, b: "x", c: [null, undefined, {}] })).toEqual([]);
  });
});
