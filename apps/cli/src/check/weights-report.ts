import { columns } from "../ui/table.ts";
import type { WeightCheck } from "./weights.ts";

/** What was checked, and how it ended. */
export interface WeightReport {
  readonly run: string;
  readonly step: number;
  readonly backend: string;
  /** The largest error that passes. */
  readonly tol: number;
  readonly ok: boolean;
}

const LISTED = 10;

export const worstFirst = (checks: readonly WeightCheck[]): WeightCheck[] =>
  checks.toSorted((a, b) => b.error - a.error);

export const shown = (error: number): string => error.toExponential(1);

/** The worst of the checks as a table, and what the error is relative to. */
export function describeWeights(
  checks: readonly WeightCheck[],
  [B, T]: readonly [number, number],
  { run, step, backend, tol, ok }: WeightReport,
): string[] {
  const rows = worstFirst(checks).slice(0, LISTED);
  const body = rows.map((c) => [
    c.parameter,
    String(c.index),
    c.analytic.toExponential(4),
    c.numeric.toExponential(4),
    shown(c.error),
  ]);
  return [
    `${run} step ${step}: ${checks.length} weights on ${B} × ${T} tokens of text`,
    `autodiff on ${backend}, against central differences of the loss in float64`,
    "",
    ...columns(
      [["worst: parameter", "index", "autodiff", "difference", "error"], ...body],
      "lrrrr",
    ),
    "",
    "error: of the largest of both, and of the root mean square of the parameter's gradient",
    `${ok ? "pass" : "FAIL"}: worst ${shown(rows[0]?.error ?? 0)}, allowed ${tol}`,
  ];
}
