import fc from "fast-check";
import { expect, test } from "vitest";
import { broadcast, broadcastStrides, denseStrides, sameShape, show, size } from "../src/index.ts";

test("size is the product of the lengths, 1 for a scalar, 0 with an empty axis", () => {
  expect([size([]), size([3]), size([2, 3, 4]), size([2, 0, 4])]).toEqual([1, 3, 24, 0]);
});

test("show prints shapes as messages name them", () => {
  expect([show([]), show([2]), show([2, 3])]).toEqual(["()", "(2)", "(2, 3)"]);
});

test("sameShape tells ranks and lengths apart", () => {
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([2, 3], [3, 2])).toBe(false);
  expect(sameShape([2], [2, 1])).toBe(false);
  expect(sameShape([], [])).toBe(true);
});

test("dense strides are row-major", () => {
  expect(denseStrides([2, 3, 4])).toEqual([12, 4, 1]);
  expect(denseStrides([])).toEqual([]);
});

test.each([
  [[2, 3], [3], [2, 3]],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
  [[], [4], [4]],
  [
    [5, 1, 7],
    [6, 1],
    [5, 6, 7],
  ],
  [[0, 3], [3], [0, 3]],
  [[1], [0], [0]],
])("%j and %j broadcast to %j", (a, b, shape) => {
  expect(broadcast(a, b)).toEqual(shape);
  expect(broadcast(b, a)).toEqual(shape);
});

test.each([
  [[2], [3]],
  [[2, 3], [2]],
  [
    [4, 1, 3],
    [3, 2, 3],
  ],
  [[0], [2]],
])("%j and %j do not fit", (a, b) => {
  expect(broadcast(a, b)).toBeUndefined();
});

test("broadcast strides are 0 exactly where an axis repeats", () => {
  expect(broadcastStrides([3], [2, 3])).toEqual([0, 1]);
  expect(broadcastStrides([2, 1], [2, 3])).toEqual([1, 0]);
  expect(broadcastStrides([], [2, 3])).toEqual([0, 0]);
  expect(broadcastStrides([2, 3], [2, 3])).toEqual([3, 1]);
});

test("reading through broadcast strides never leaves the dense array", () => {
  const dimension = fc.integer({ min: 1, max: 4 });
  const shapes = fc
    .array(dimension, { maxLength: 4 })
    .chain((to) =>
      fc.tuple(
        fc.constant(to),
        fc.nat({ max: to.length }),
        fc.array(fc.boolean(), { minLength: to.length, maxLength: to.length }),
      ),
    )
    .map(([to, drop, ones]) => ({ to, from: to.map((d, i) => (ones[i] ? 1 : d)).slice(drop) }));
  fc.assert(
    fc.property(shapes, ({ from, to }) => {
      expect(broadcast(from, to)).toEqual(to);
      const strides = broadcastStrides(from, to);
      const last = strides.reduce((at, stride, i) => at + stride * (to[i]! - 1), 0);
      expect(last).toBe(size(from) - 1);
    }),
  );
});
