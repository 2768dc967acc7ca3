import { expect, test } from "vitest";
import { averageMap, headMap, topKeys } from "../src/screens/look/attention-map.ts";
import { percent, windowOf } from "../src/viz/scatter.ts";

// Two layers of two heads on two tokens.
const look = {
  heads: 2,
  tokens: ["a", "b"],
  maps: [
    [1, 0, 0.5, 0.5, 1, 0, 0.1, 0.9],
    [1, 0, 0.2, 0.8, 1, 0, 0, 1],
  ],
};

test("one head of a layer, and the mean of all", () => {
  expect(Array.from(headMap(look, { layer: 1, head: 0 }))).toEqual(
    [1, 0, 0.2, 0.8].map(Math.fround),
  );
  const mean = averageMap(look);
  expect(mean[0]).toBe(1);
  expect(mean[2]).toBeCloseTo(0.2, 6);
  expect(mean[3]).toBeCloseTo(0.8, 6);
});

test("the keys of a query, heaviest first, and none that comes after it", () => {
  expect(topKeys(look.maps[0]!, 2, 1, 5).map((k) => k.key)).toEqual([0, 1]);
  expect(topKeys(look.maps[1]!, 2, 1, 1)).toEqual([{ key: 1, weight: 0.8 }]);
  expect(topKeys(look.maps[0]!, 2, 0, 5)).toHaveLength(1);
});

test("a square window holds all places, y upwards", () => {
  const window = windowOf([
    [0, 0, 10, 4],
    [0, 2],
  ]);
  expect(percent(window, 5, 2)).toEqual([50, 50]);
  const [x, y] = percent(window, 10, 4);
  expect(x).toBeGreaterThan(90);
  expect(y).toBeLessThan(50);
  expect(windowOf([])).toEqual({ x: 0, y: 0, half: 1 });
});
