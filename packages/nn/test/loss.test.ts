import { reference } from "@muladd/backend-reference";
import { ShapeError, Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { crossEntropyLoss, linearCrossEntropyLoss } from "../src/index.ts";

const backend = reference();
const logits = [2, 1, 0, -1, 0, 3, 0.5, 0.5, 0.5, 9, -9, 0];
const rows = [0, 1, 2, 3].map((r) => logits.slice(3 * r, 3 * r + 3));
const nats = (row: number, target: number) =>
  Math.log(rows[row]!.reduce((s, x) => s + Math.exp(x), 0)) - rows[row]![target]!;
const loss = (targets: number[], count?: number) =>
  crossEntropyLoss(
    Tensor.from(backend, logits, [2, 2, 3]),
    Tensor.from(backend, targets, [2, 2], "i32"),
    count,
  );

describe("crossEntropyLoss", () => {
  test("is the mean of −log p(target) over all positions", async () => {
    const expected = (nats(0, 0) + nats(1, 1) + nats(2, 2) + nats(3, 1)) / 4;
    const result = loss([0, 1, 2, 1]);
    expect(result.shape).toEqual([]);
    expect(await result.item()).toBeCloseTo(expected, 5); // float32 of about 5
  });

  test("leaves out negative targets, and means over the count it is given", async () => {
    const expected = (nats(0, 0) + nats(2, 2)) / 2;
    expect(await loss([0, -1, 2, -100], 2).item()).toBeCloseTo(expected, 6);
  });

  test("is log V for equal logits", async () => {
    const zeros = Tensor.from(backend, new Float32Array(70), [1, 7, 10]);
    const targets = Tensor.from(backend, [0, 1, 2, 3, 4, 5, 9], [1, 7], "i32");
    expect(await crossEntropyLoss(zeros, targets).item()).toBeCloseTo(Math.log(10), 6);
  });

  test("is NaN for a target outside of the vocabulary, and refuses targets of another shape", async () => {
    expect(await loss([0, 1, 3, 0]).item()).toBeNaN();
    expect(() =>
      crossEntropyLoss(
        Tensor.from(backend, logits, [4, 3]),
        Tensor.from(backend, [0, 1], [2], "i32"),
      ),
    ).toThrow(ShapeError);
  });

  test("keeps nothing but its result", () => {
    using own = reference();
    const x = Tensor.from(own, logits, [4, 3]);
    const t = Tensor.from(own, [0, 1, 2, 0], [4], "i32");
    crossEntropyLoss(x, t);
    expect(own.memory.buffers).toBe(3);
  });
});

describe("linearCrossEntropyLoss", () => {
  // Hidden states that are the logits themselves, under a head that is the identity.
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const both = (targets: number[], count?: number) => {
    const hidden = Tensor.from(backend, logits, [2, 2, 3]);
    const weight = Tensor.from(backend, identity, [3, 3]);
    const wanted = Tensor.from(backend, targets, [2, 2], "i32");
    const losses = [
      linearCrossEntropyLoss(hidden, weight, wanted, count),
      crossEntropyLoss(hidden, wanted, count),
    ];
    return Promise.all(losses.map((t) => t.item()));
  };

  test("is crossEntropyLoss of the logits", async () => {
    const [actual, expected] = await both([0, 1, 2, 1]);
    expect(actual).toBeCloseTo(expected!, 6);
  });

  test("leaves out negative targets, and means over the count it is given", async () => {
    const [actual, expected] = await both([0, -1, 2, -100], 2);
    expect(actual).toBeCloseTo(expected!, 6);
  });

  test("keeps nothing but its result, which is all it makes where nobody records", () => {
    using own = reference();
    const hidden = Tensor.from(own, logits, [4, 3]);
    const weight = Tensor.from(own, identity, [3, 3]);
    const targets = Tensor.from(own, [0, 1, 2, 0], [4], "i32");
    const { bytes } = own.memory;
    linearCrossEntropyLoss(hidden, weight, targets);
    expect(own.memory.buffers).toBe(4);
    expect(own.memory.peakBytes).toBe(bytes + 4);
  });
});
