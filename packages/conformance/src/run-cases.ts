import type { AnyOp, Case, CaseReport } from "./case.ts";

/** How one case went. */
export interface CaseResult {
  readonly case: Case;
  /** Absent when the case failed. */
  readonly report?: CaseReport;
  readonly failure?: Error;
}

/** What is known of one op: the worst error of each kind; absent where nothing was compared. */
export interface OpRow {
  readonly op: AnyOp;
  forward?: number;
  gradient?: number;
  fused?: number;
  ok: boolean;
}

export interface Summary {
  /** One row an op, in the order of the cases. */
  readonly rows: readonly OpRow[];
  /** Cases that are about more than one op: second derivatives, memory, order, models. */
  readonly others: readonly CaseResult[];
  readonly failures: readonly CaseResult[];
  /** Cases that failed under an exception. */
  readonly exceptions: readonly CaseResult[];
  readonly passed: number;
}

/** Runs cases one after the other and tabulates them. A failing case does not stop the rest. */
export async function runCases(
  cases: Iterable<Case>,
  onResult: (result: CaseResult) => void = () => {},
): Promise<Summary> {
  const rows = new Map<AnyOp, OpRow>();
  const results: CaseResult[] = [];
  for (const one of cases) {
    const result = await attempt(one);
    results.push(result);
    if (one.op) tabulate(rows, one.op, result);
    onResult(result);
  }
  const failures = results.filter((r) => r.failure);
  const exceptions = results.filter((r) => r.report?.excepted);
  return {
    rows: [...rows.values()],
    others: results.filter((r) => !r.case.op),
    failures,
    exceptions,
    passed: results.length - failures.length - exceptions.length,
  };
}

async function attempt(one: Case): Promise<CaseResult> {
  try {
    return { case: one, report: await one.run() };
  } catch (error) {
    return { case: one, failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

function tabulate(rows: Map<AnyOp, OpRow>, op: AnyOp, { case: one, report }: CaseResult): void {
  const row = rows.get(op) ?? { op, ok: true };
  rows.set(op, row);
  if (!report || report.excepted) {
    row.ok = false;
    return;
  }
  const { kind } = one;
  if (report.absent !== undefined) return;
  if (kind === "forward" || kind === "gradient" || kind === "fused") row[kind] = report.error;
}
