import { expect, test } from "vitest";
import { shadesOf } from "../src/screens/article/still/heat.ts";
import { stillNumbers } from "../src/screens/article/still/numbers.ts";
import { articleHtml } from "../static-article.ts";

test("the built page has a figure in every section, of the numbers that the library computes", async () => {
  const { block, output, descent } = await stillNumbers();
  const html = await articleHtml();
  const figures = html.split("<figure").slice(1);
  expect(figures).toHaveLength(9);
  for (const figure of figures)
    expect(figure, "what is seen is said").toMatch(
      /role="img" aria-label="[^"]{20,}"|<caption>.{10}/,
    );
  expect(html).not.toContain("undefined");
  expect(html).not.toContain("NaN");

  const shares = [...html.matchAll(/--share: ([\d.e-]+)/g)].slice(0, block.tokens.length);
  expect(shares.reduce((sum, [, share]) => sum + Number(share), 0)).toBeCloseTo(1, 5);
  expect(shares.filter(([, share]) => Number(share) === 0)).toHaveLength(14 - 6);
  expect(output.sampled).not.toBe(output.largest);
  for (const mark of ["largest", "drawn"]) expect(html).toContain(`<td>${mark}</td>`);

  const { report, step, after, values } = descent;
  expect(after).toBeLessThan(report.loss);
  const middle = values.indexOf(report.weight);
  const slope =
    (report.losses[middle + 1]! - report.losses[middle - 1]!) /
    (values[middle + 1]! - values[middle - 1]!);
  // The curve bends within a sixty-fourth of a weight.
  expect(report.gradient / slope).toBeCloseTo(1, 0);
  expect(step).toBe(-report.gradient);
});

test("cells of one strength are one path, and 0 is none", () => {
  const matrix = { rows: 2, columns: 2, values: [1, 0, -0.5, 2] };
  expect(shadesOf(matrix, 1)).toEqual([
    { positive: true, opacity: 1, path: "M0 0h1v1h-1zM1 1h1v1h-1z" },
    { positive: false, opacity: 0.5, path: "M0 1h1v1h-1z" },
  ]);
});
