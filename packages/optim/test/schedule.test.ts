import { describe, expect, test } from "vitest";
import { type ScheduleOptions, schedule, scheduleKinds } from "../src/index.ts";

const of = (kind: ScheduleOptions["kind"], options: Partial<ScheduleOptions> = {}) =>
  schedule({ kind, rate: 1, floor: 0.1, steps: 110, warmup: 10, ...options });

describe.each(scheduleKinds)("%s", (kind) => {
  test("warms up as (step + 1) / (warmup + 1), then stands at the rate", () => {
    const at = of(kind, { rate: 2 });
    expect([0, 4, 9].map(at)).toEqual([2 / 11, 10 / 11, 20 / 11]);
    expect(at(10)).toBe(2);
  });

  test("without a warm-up begins at the rate", () => {
    expect(schedule({ kind, rate: 3, steps: 10 })(0)).toBe(3);
  });
});

describe("schedule", () => {
  test("constant stays, whatever the floor", () => {
    expect([10, 60, 110, 1e6].map(of("constant"))).toEqual([1, 1, 1, 1]);
    expect(schedule({ kind: "constant", rate: 1, steps: 5, warmup: 9 })(8)).toBe(0.9);
  });

  test("linear draws a straight line to the floor", () => {
    const at = of("linear");
    expect(at(60)).toBeCloseTo(0.55, 12);
    expect(at(35)).toBeCloseTo(0.775, 12);
    expect(at(110)).toBeCloseTo(0.1, 12);
  });

  test("cosine is half-way in the middle, and flat at both ends", () => {
    const at = of("cosine");
    expect(at(60)).toBeCloseTo(0.55, 12);
    expect(at(35)).toBeCloseTo(0.1 + 0.45 * (1 + Math.SQRT1_2), 12);
    expect(at(110)).toBeCloseTo(0.1, 12);
    expect(1 - at(11)).toBeLessThan(1e-3);
    expect(at(109) - 0.1).toBeLessThan(1e-3);
  });

  test("wsd stands until the last part, then falls with the root", () => {
    const at = schedule({ kind: "wsd", rate: 1, floor: 0.1, steps: 100 });
    expect(at(79)).toBe(1);
    expect(at(80)).toBe(1);
    expect(at(81)).toBeCloseTo(0.1 + 0.9 * (1 - Math.sqrt(1 / 20)), 12);
    expect(at(85)).toBeCloseTo(0.1 + 0.9 * 0.5, 12);
    expect(at(100)).toBeCloseTo(0.1, 12);
  });

  test("wsd counts its share of the whole run, warm-up included", () => {
    const at = of("wsd", { steps: 100, warmup: 20, decay: 0.4 });
    expect([20, 59, 60].map(at)).toEqual([1, 1, 1]);
    expect(at(70)).toBeCloseTo(0.1 + 0.9 * 0.5, 12);
    expect(at(100)).toBeCloseTo(0.1, 12);
    expect(of("wsd", { decay: 1 })(10)).toBe(1);
    expect(of("wsd", { decay: 0 })(109)).toBe(1);
  });

  test.each(["linear", "cosine", "wsd"] as const)(
    "%s stays at the floor beyond the end",
    (kind) => {
      const at = of(kind);
      for (const step of [111, 1000, 1e9]) expect(at(step)).toBeCloseTo(0.1, 12);
      expect(of(kind, { floor: 0 })(200)).toBeCloseTo(0, 12);
    },
  );

  test.each(["linear", "cosine", "wsd"] as const)("%s never rises after the warm-up", (kind) => {
    const at = of(kind);
    for (let step = 10; step < 120; step++) expect(at(step + 1)).toBeLessThanOrEqual(at(step));
  });

  test("a run that is all warm-up ends at the floor", () => {
    const at = of("cosine", { steps: 10 });
    expect(at(9)).toBe(10 / 11);
    expect(at(10)).toBeCloseTo(0.1, 12);
  });

  test.each([
    [{ rate: -1 }, "must not be negative"],
    [{ rate: Number.NaN }, "must not be negative"],
    [{ floor: -0.1 }, "must not be negative"],
    [{ warmup: -1 }, "must not be negative"],
    [{ decay: 1.1 }, "decay lies in 0 … 1"],
    [{ warmup: 111 }, "a warm-up of 111 steps is longer than the run of 110"],
    [{ kind: "sine" as "cosine" }, '"sine" is none of constant, linear, cosine, wsd'],
  ])("refuses %j", (options, message) => {
    expect(() => of("cosine", options)).toThrow(RangeError);
    expect(() => of("cosine", options)).toThrow(message);
  });
});
