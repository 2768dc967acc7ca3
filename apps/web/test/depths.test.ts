import * as autograd from "@muladd/autograd";
import { reference } from "@muladd/backend-reference";
import * as gpt from "@muladd/gpt";
import * as nn from "@muladd/nn";
import * as optim from "@muladd/optim";
import * as tensor from "@muladd/tensor";
import { bytes } from "@muladd/tokenizer";
import { expect, test } from "vitest";
import { everything } from "../src/screens/article/depths.ts";

const backend = reference();
const [T, V, C, D] = [4, 7, 6, 3];
const of = (...shape: number[]) => tensor.full(backend, shape, 0.5);
const weight = nn.parameterOf(new nn.Embedding(V, C, nn.init(backend, 0)).weight);
const scope = {
  ...{ ...autograd, ...gpt, ...nn, ...optim, ...tensor, T, C, D },
  tokenizer: bytes(),
  text: "abcd",
  table: weight,
  ids: tensor.Tensor.from(backend, Int32Array.of(1, 2, 3, 0)),
  targets: tensor.Tensor.from(backend, Int32Array.of(1, 2, 3, 0)),
  places: of(9, C),
  q: of(T, D),
  k: of(T, D),
  v: of(T, D),
  mask: of(T, T),
  x: of(T, C),
  temperature: 0.8,
  logits: of(T, V),
  weights: [weight],
  loss: () => tensor.meanAll(weight),
  rate: 0.1,
  config: gpt.gptConfig({ vocabulary: V, context: T, layers: 1, heads: 1, width: C }),
  tokens: 1000,
};
/** Runs a line with the library's exports and the names above, as a reader would. */
const run = (code: string): unknown =>
  new Function(...Object.keys(scope), `return ${code}`)(...Object.values(scope));

test.each([
  ["embedding", [T, C]],
  ["matrix", [T, C]],
  ["block", [T, D]],
  ["output", [T, V]],
  ["loss", []],
] as const)("the line of %s gives %o", (name, shape) => {
  expect(run(everything[name].code)).toMatchObject({ shape });
});

test("the other lines give what they say", async () => {
  expect(run(everything.tokens.code)).toEqual(Int32Array.of(97, 98, 99, 100));
  expect(run(everything.positions.code)).toEqual(nn.sinusoids(T, C));
  expect(run(everything.scale.code)).toMatchObject({
    parameters: gpt.countParameters(scope.config),
  });
  const before = await weight.data();
  run(everything.descent.code);
  const after = await weight.data();
  // The slope of a mean is one over how many it is of.
  after.forEach((w, i) => {
    expect(w).toBeCloseTo(before[i]! - 0.1 / (V * C), 6);
  });
});
