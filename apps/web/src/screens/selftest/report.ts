import type { SelfTestReport } from "../../engine/self-test.ts";

/** An error as the table shows it; a dash where nothing was compared. */
export const shown = (error: number | undefined): string =>
  error === undefined ? "–" : error === 0 ? "0" : error.toExponential(1);

/** The report as text to paste. */
export function asText(report: SelfTestReport, browser: string): string {
  const { title, rows, others, failures, passed, seconds, stopped } = report;
  const widest = Math.max(...rows.map((r) => r.op.length), 2);
  const cells = rows.map(({ op, forward, gradient, fused, ok }) =>
    [
      op.padEnd(widest),
      ...[forward, gradient, fused].map((e) => shown(e).padStart(8)),
      ok ? "" : "FAILED",
    ]
      .join("  ")
      .trimEnd(),
  );
  return [
    `muladd self-test: ${title}`,
    browser,
    `${passed} cases passed, ${failures.length} failed in ${seconds.toFixed(1)} s${stopped ? ", stopped before the end" : ""}`,
    "",
    ["op".padEnd(widest), " forward", "gradient", "   fused"].join("  "),
    ...cells,
    "",
    ...others.map((o) => `${o.failure ? "FAILED" : "passed"}  ${o.name}`),
    ...failures.flatMap(({ name, failure }) => ["", `FAILED  ${name}`, failure.message]),
    "",
  ].join("\n");
}
