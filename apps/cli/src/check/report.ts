import type { AnyOp, CaseKind, CaseResult, Summary } from "@muladd/conformance";
import { columns } from "../ui/table.ts";

const TABLED = ["forward", "gradient", "fused"] as const;

/** The outcome of every case on one backend, as data. */
export interface ConformanceReport {
  readonly backend: string;
  readonly ok: boolean;
  readonly passed: number;
  /** The worst error of each kind, relative to max(1, |expected|); absent where there was nothing to compare. */
  readonly ops: readonly {
    readonly op: AnyOp;
    readonly forward?: number;
    readonly gradient?: number;
    readonly fused?: number;
    readonly ok: boolean;
  }[];
  /** Cases about more than one op. */
  readonly others: readonly {
    readonly name: string;
    readonly kind: CaseKind;
    readonly ok: boolean;
    readonly error?: number;
  }[];
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  readonly exceptions: readonly {
    readonly name: string;
    readonly reason: string;
    readonly failure: string;
  }[];
}

/** {@link Summary} as plain data. */
export function conformanceReport(backend: string, summary: Summary): ConformanceReport {
  const { rows, others, failures, exceptions, passed } = summary;
  return {
    backend,
    ok: failures.length === 0,
    passed,
    ops: rows,
    others: others.map(({ case: { name, kind }, report, failure }) => ({
      name,
      kind,
      ok: !failure,
      ...(report ? { error: report.error } : {}),
    })),
    failures: failures.map(({ case: { name }, failure }) => ({ name, message: failure!.message })),
    exceptions: exceptions.map(({ case: { name }, report }) => ({ name, ...report!.excepted! })),
  };
}

/** The table op × (forward, gradient, fused), then the other cases by kind, exceptions and failures. */
export function describeConformance(
  backend: string,
  summary: Summary,
  red: (text: string) => string,
): string[] {
  const { rows, others, failures, exceptions, passed } = summary;
  const bad = new Map<string, string>();
  for (const { case: one } of exceptions) bad.set(`${one.op} ${one.kind}`, "except");
  for (const { case: one } of failures) bad.set(`${one.op} ${one.kind}`, red("FAIL"));
  const body = rows.map((row) => [
    row.op,
    ...TABLED.map((kind) => bad.get(`${row.op} ${kind}`) ?? showError(row[kind])),
  ]);
  return [
    `${backend}: the worst error of each op, relative to max(1, |expected|)`,
    ...columns([["op", ...TABLED], ...body], "lrrr"),
    "",
    ...columns(byKind(others), "lrr"),
    ...exceptions.flatMap(({ case: { name }, report }) => [
      `exception: ${name}: ${report!.excepted!.reason}`,
      ...indented(report!.excepted!.failure),
    ]),
    ...failures.flatMap(({ case: { name }, failure }) => [
      `${red("FAIL")} ${name}`,
      ...indented(failure!.message),
    ]),
    `${passed} passed, ${failures.length} failed` +
      (exceptions.length ? `, ${exceptions.length} excepted` : ""),
  ];
}

const showError = (error: number | undefined): string =>
  error === undefined ? "–" : error === 0 ? "0" : error.toExponential(1);

const indented = (text: string): string[] => text.split("\n").map((line) => `  ${line}`);

/** Cases that are about more than one op, by the word before the colon in their names: how many, the worst error. */
function byKind(others: readonly CaseResult[]): string[][] {
  const kinds = new Map<string, CaseResult[]>();
  for (const result of others) {
    const kind = result.case.name.split(":")[0]!;
    kinds.set(kind, [...(kinds.get(kind) ?? []), result]);
  }
  return Array.from(kinds, ([kind, results]) => {
    const passed = results.filter((r) => !r.failure);
    const worst = Math.max(0, ...passed.map((r) => r.report?.error ?? 0));
    return [kind, `${passed.length}/${results.length} pass`, worst > 0 ? showError(worst) : ""];
  });
}
