import { erf as erfOf, Tensor, tidy } from "@muladd/tensor";
import { expect, test } from "vitest";
import { reference } from "../src/index.ts";

// Abramowitz & Stegun 1964, table 7.1, to ten digits; beyond 2 from erfc of table 7.3.
const published: readonly (readonly [x: number, erf: number])[] = [
  [0, 0],
  [0.02, 0.0225645747],
  [0.5, 0.5204998778],
  [1, 0.8427007929],
  [1.5, 0.9661051465],
  [2, 0.995322265],
  [2.5, 0.999593048],
  [3, 0.9999779095],
  [4, 0.9999999846],
];

test("the error function agrees with the published table on both sides of 0", async () => {
  using backend = reference({ precision: "f64" });
  const xs = published.flatMap(([x]) => [x, -x]);
  using y = tidy(() => erfOf(Tensor.from(backend, xs, [xs.length], "f32")));
  const values = await y.data();
  published.forEach(([, expected], i) => {
    expect(values[2 * i]).toBeCloseTo(expected, 10);
    expect(values[2 * i + 1]).toBeCloseTo(-expected, 10);
  });
});

test("the error function is smooth where its two formulas meet", async () => {
  using backend = reference({ precision: "f64" });
  const h = 1e-4;
  for (const seam of [2.5, 6]) {
    using y = tidy(() => erfOf(Tensor.from(backend, [seam - h, seam + h], [2], "f32")));
    const [below, above] = (await y.data()) as unknown as [number, number];
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-seam * seam);
    expect((above - below) / (2 * h)).toBeCloseTo(slope, 8);
  }
});
