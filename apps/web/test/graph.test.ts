import { expect, test } from "vitest";
import type { TraceNode } from "../src/engine/trace.ts";
import { framesOf, knownAt, useText } from "../src/screens/backprop/stepper.ts";
import { weightName } from "../src/screens/backprop/weights.ts";
import { linePath, regimeAt, scale } from "../src/viz/curve.ts";
import { closedAround, layoutGraph, placesAround } from "../src/viz/graph.ts";
import { digits } from "../src/viz/numbers.ts";

const summary = (rms: number) => ({ rms, min: -rms, max: rms });
type Part = Partial<TraceNode> & Pick<TraceNode, "id">;
const node = (given: Part): TraceNode => ({
  ...{ kind: "op", op: "add", name: `n${given.id}`, place: "", shape: [2, 3], attributes: "" },
  ...{ fused: false, inputs: [], value: summary(1), grad: summary(0.1), uses: 1 },
  ...given,
});
const input = (from: number, rms: number, nth = 1) => ({
  ...{ from, name: `n${from}`, shape: [2, 3], given: summary(rms), sum: summary(rms), nth },
});
// w → a → (b, and around it) → c
const nodes = [
  node({ id: 0, kind: "leaf", op: "", name: "w", place: "block/one" }),
  node({ id: 1, place: "block/one", inputs: [input(0, 0.01)], uses: 2 }),
  node({ id: 2, place: "block/two", inputs: [input(1, 1, 2)] }),
  node({ id: 3, place: "end", inputs: [input(2, 0.1), input(1, 0.1)], uses: 0 }),
];
const trace = { nodes, backward: [3, 2, 1] };

test("modules open from the outside", () => {
  expect(placesAround("block/one")).toEqual(["block", "block/one"]);
  expect(closedAround("block/one", new Set())).toBe("block");
  expect(closedAround("block/one", new Set(["block"]))).toBe("block/one");
  expect(closedAround("block/one", new Set(["block", "block/one"]))).toBeUndefined();
  expect(closedAround("", new Set())).toBeUndefined();
});

test("a closed module is one box, an open one its ops, with leaves beside them", () => {
  const closed = layoutGraph(trace, new Set(), 600);
  expect(closed.boxes.map(({ key, ops, leaves }) => [key, ops, leaves])).toEqual([
    ["block", 2, 1],
    ["end", 1, 0],
  ]);
  expect(closed.edges.map(({ key, rms }) => [key, rms])).toEqual([["block>end", 0.1]]);

  const open = layoutGraph(trace, new Set(["block", "block/one", "block/two", "end"]), 600);
  expect(open.boxes.map(({ key }) => key)).toEqual(["0", "1", "2", "3"]);
  const thickness = new Map(open.edges.map((e) => [e.key, e.thickness]));
  expect(thickness.get("1>2")).toBeCloseTo(8.5);
  expect(thickness.get("0>1")).toBeCloseTo(1.5);
  expect(thickness.get("2>3")).toBeCloseTo(5);
});

test.each([320, 375, 600, 1200])("boxes stay inside %i pixels and do not overlap", (width) => {
  const { boxes, height } = layoutGraph(trace, new Set(["block", "block/one"]), width);
  for (const b of boxes) {
    expect(b.x).toBeGreaterThanOrEqual(0);
    expect(b.x + b.width).toBeLessThanOrEqual(width);
    expect(b.y + b.height).toBeLessThanOrEqual(height);
    for (const c of boxes)
      if (b !== c)
        expect(
          b.x + b.width <= c.x ||
            c.x + c.width <= b.x ||
            b.y + b.height <= c.y ||
            c.y + c.height <= b.y,
        ).toBe(true);
  }
});

test("steps go forward, then back; a gradient is known when all uses have been undone", () => {
  const frames = framesOf(trace);
  expect(frames.map(({ pass, node }) => `${pass} ${node}`)).toEqual([
    ...["forward 1", "forward 2", "forward 3"],
    ...["backward 3", "backward 2", "backward 1"],
  ]);
  expect([0, 1, 2, 3].map(knownAt(trace, frames[1]!).value)).toEqual([true, true, true, false]);
  expect([0, 1, 2, 3].map(knownAt(trace, frames[3]!).grad)).toEqual([false, false, true, true]);
  expect([0, 1, 2, 3].map(knownAt(trace, frames[4]!).grad)).toEqual([false, true, true, true]);
  expect([0, 1, 2, 3].map(knownAt(trace, frames[5]!).grad)).toEqual([true, true, true, true]);
});

test("words", () => {
  const of = (uses: number) => node({ id: 0, uses });
  expect(useText(1, of(1))).toBe("its only use");
  expect([1, 2, 3, 4, 11, 12, 21].map((n) => useText(n, of(30)))).toEqual(
    ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st"].map((n) => `${n} of 30 uses`),
  );
  expect(weightName({ parameter: "p", index: 7 }, [3, 3])).toBe("p[2, 1]");
  expect(weightName({ parameter: "p", index: 7 }, [9])).toBe("p[7]");
  expect([0, 0.012345, -2.34e-7, 123456, Number.NaN, -Infinity].map((x) => digits(x))).toEqual([
    ...["0", "0.0123", "−2.34e-7", "1.23e+5", "NaN", "−∞"],
  ]);
});

test("scales go both ways, and lines break where there is no number", () => {
  const log = scale([0.001, 100], [0, 100], true);
  expect(log.to(0.1)).toBeCloseTo(40);
  expect(log.from(40)).toBeCloseTo(0.1);
  const x = scale([0, 4], [0, 4]);
  expect(linePath([0, 1, 2, 3, 4], [0, 1, Number.NaN, 3, 9], x, x, [0, 5])).toBe(
    "M0.0 0.0L1.0 1.0M3.0 3.0",
  );
});

test("a rate descends, overshoots or diverges", () => {
  const [rates, losses] = [
    [1, 2, 3, 4],
    [3.5, 3, 3.8, Number.NaN],
  ] as const;
  const of = (rate: number, loss: number) => regimeAt(rates, losses, 4, rate, loss);
  expect([of(1, 3.5), of(2, 3), of(3, 3.8), of(4, 4.2), of(4, Number.NaN)]).toEqual([
    ...["descent", "descent", "overshoot", "divergence", "divergence"],
  ]);
});
