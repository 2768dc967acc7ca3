import { expect, test } from "vitest";
import { nearestRows, principalPlane, project } from "../src/engine/pca.ts";
import { shrink } from "../src/engine/shrink.ts";

const wave = (i: number) =>
  Math.sin(12.9898 * i + 1) * 43.5 - Math.floor(Math.sin(12.9898 * i + 1) * 43.5) - 0.5;

test("finds the plane that rows were spread in", () => {
  // 3 in one direction, 1 in another, a little in the rest, about a point away from 0.
  const [n, C] = [200, 6];
  const u = [1, 2, 0, 0, -2, 0].map((x) => x / 3);
  const v = [0, 0, 0.6, 0.8, 0, 0];
  const rows = Float64Array.from({ length: n * C }, (_, i) => {
    const [r, c] = [Math.floor(i / C), i % C];
    return 5 + 3 * wave(2 * r) * u[c]! + wave(2 * r + 1) * v[c]! + 0.01 * wave(1000 + i);
  });
  const plane = principalPlane(rows, n, C);
  const along = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Math.abs(Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0));
  expect(along(plane.axes[0], u)).toBeCloseTo(1, 2);
  expect(along(plane.axes[1], v)).toBeCloseTo(1, 2);
  expect(along(plane.axes[0], plane.axes[1])).toBeCloseTo(0, 9);
  expect(plane.shares[0]).toBeGreaterThan(0.8);
  expect(plane.shares[0] + plane.shares[1]).toBeCloseTo(1, 3);
  const places = project(rows, n, plane);
  const mean = places.filter((_, i) => i % 2 === 0).reduce((a, b) => a + b) / n;
  expect(mean).toBeCloseTo(0, 6);
  expect(principalPlane(rows, n, C)).toEqual(plane);
});

test("rows that are all alike, or on one line, have a plane too", () => {
  const same = principalPlane(new Float32Array(12).fill(2), 4, 3);
  expect(same.shares).toEqual([0, 0]);
  const line = principalPlane([0, 0, 0, 1, 1, 1, 2, 2, 2], 3, 3);
  expect(line.shares[0]).toBeCloseTo(1, 9);
  expect(line.shares[1]).toBeCloseTo(0, 9);
  expect(line.axes[1].every(Number.isFinite)).toBe(true);
});

test("nearest rows point the same way, whatever their length", () => {
  const rows = [1, 0, 9, 1, 0, 1, -1, 0];
  expect(nearestRows(rows, 4, 2, 0, 3).map((r) => r.index)).toEqual([1, 2, 3]);
  expect(nearestRows(rows, 4, 2, 0, 1)[0]!.cosine).toBeCloseTo(9 / Math.sqrt(82));
});

test("a large tensor shrinks to means of blocks", () => {
  const data = Float32Array.from({ length: 2 * 256 }, (_, i) => i);
  const small = shrink({ shape: [1, 2, 256], data });
  expect(small).toMatchObject({ rows: 2, columns: 128, block: [1, 2], largest: 510.5 });
  expect(Array.from(small.values.slice(0, 3))).toEqual([0.5, 2.5, 4.5]);
  expect(shrink({ shape: [], data: Float32Array.of(-7) })).toMatchObject({
    rows: 1,
    columns: 1,
    largest: 7,
  });
});
