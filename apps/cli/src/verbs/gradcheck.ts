import type { Backend } from "@muladd/tensor";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type BackendChoice, backends, isWebGPU, openBackend } from "../backend.ts";
import { type ConformanceReport, conformanceReport, describeConformance } from "../check/report.ts";
import { describeWeights, shown, worstFirst } from "../check/weights-report.ts";
import { CLIError, exitCodes, explain, UsageError } from "../errors.ts";
import { type IO, paint } from "../io.ts";
import { openModel } from "../model.ts";
import { given, integer, number, type SharedOptions, seedOption, verb } from "../options.ts";
import { progressOption } from "../ui/mode.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { Ticker } from "../ui/ticker.ts";

interface Options extends SharedOptions {
  readonly backend: string;
  readonly samples: number;
  readonly tol: number;
  readonly seed: number;
  readonly progress: string;
}

type Open = (name: string, choice?: BackendChoice) => Promise<Backend>;

/**
 * `muladd gradcheck`: every claim about a backend, or the gradient of a trained model, against differences in float64.
 * Ends with code 5 when one fails. `open`: how backends are had.
 */
export function gradcheckCommand(io: IO, open: Open = openBackend): Command {
  const command = verb(
    io,
    "gradcheck",
    "Check every gradient of a backend by finite differences.",
    ["gradcheck", "gradcheck --backend all --json", "gradcheck runs/small-1 --samples 50"],
  )
    .argument("[run]", "a run folder: check weights of its model")
    .argument("[data...]", "with a run: text to check on (default: the text of the run)")
    .addOption(
      new Option("--backend <name>", "auto, webgpu, wasm, reference or all").default("auto"),
    )
    .option("--samples <n>", "with a run: weights to check", integer(1), 50)
    .option("--tol <error>", "with a run: the largest relative error that passes", positive, 1e-4)
    .addOption(seedOption("with a run: which weights, and which text").default(0))
    .addOption(progressOption())
    .action(async (run: string | undefined, data: readonly string[], options: Options) => {
      if (run === undefined) {
        const needless = ["samples", "tol", "seed"].find((name) => given(command, name));
        if (needless)
          throw new UsageError(`--${needless} needs a run`, {
            remedies: `${io.program} gradcheck RUN --${needless} ${options[needless as "samples"]}`,
          });
        return checkBackends(io, options, open);
      }
      return checkRun(io, run, data, options, open);
    });
  return command;
}

function positive(text: string): number {
  const value = number(text);
  if (!(value > 0)) throw new InvalidArgumentError("it must be above 0");
  return value;
}

async function checkBackends(io: IO, options: Options, open: Open): Promise<void> {
  const { backendCases, runCases } = await import("@muladd/conformance");
  const reports: ConformanceReport[] = [];
  const all = options.backend === "all";
  const unavailable: { backend: string; why: string }[] = [];
  for (const asked of all ? backends : [options.backend]) {
    // A backend that cannot be had shows here, not as every case's failure.
    const opened = await open(asked).catch((error: unknown) => {
      const why = all ? whyUnavailable(error) : undefined;
      if (why === undefined) throw error;
      unavailable.push({ backend: asked, why });
      if (!options.json) writeLines(io, [`${asked}: not checked: ${why}`, ""]);
    });
    if (!opened) continue;
    using first = opened;
    const { name } = first;
    // Cases have a backend each, but one device: a new one compiles every kernel anew.
    const shared = isWebGPU(first) ? { device: first.device } : {};
    const cases = [...backendCases(() => open(asked, shared))];
    let done = 0;
    const summary = await ticking(io, options, (ticker) =>
      runCases(cases, (result) =>
        ticker.tick({ what: `${name}: ${result.case.name}`, done: ++done, total: cases.length }),
      ),
    );
    reports.push(conformanceReport(name, summary));
    if (options.json) continue;
    const red = (text: string) => paint(io.stdout, "red", text);
    writeLines(io, [
      ...(reports.length > 1 ? [""] : []),
      ...describeConformance(name, summary, red),
    ]);
  }
  if (options.json)
    writeJSON(io, {
      v: 1,
      ok: reports.every((r) => r.ok),
      backends: reports,
      ...(all ? { unavailable } : {}),
    });
  const failed = reports.filter((r) => !r.ok);
  if (failed.length === 0) return;
  const counts = failed.map((r) => `${r.failures.length} cases fail on ${r.backend}`);
  throw new CLIError(`gradcheck: ${counts.join(", ")}`, {
    why: failed.flatMap((r) => r.failures.slice(0, 3).map((f) => f.name)),
    exitCode: exitCodes.checkFailed,
  });
}

/** Why this machine does not have a backend; undefined for any other error. */
function whyUnavailable(error: unknown): string | undefined {
  const shown = explain(error);
  return shown?.exitCode === exitCodes.unavailable ? shown.message : undefined;
}

async function ticking<T>(
  io: IO,
  options: Options,
  body: (ticker: Ticker) => Promise<T>,
): Promise<T> {
  using ticker = new Ticker(io, options);
  return await body(ticker);
}

async function checkRun(
  io: IO,
  path: string,
  data: readonly string[],
  options: Options,
  open: Open,
): Promise<void> {
  const { samples, seed, tol } = options;
  if (options.backend === "all")
    throw new UsageError("--backend all is not possible with a run", {
      remedies: backends.map((b) => `--backend ${b}`),
    });
  using backend = await open(options.backend);
  using opened = await openModel(io, path, backend, { checkpoint: "newest" });
  const { run, model, step } = opened;
  if (!run || step === undefined)
    throw new CLIError(`${path} is no run of muladd train`, {
      why: "gradients are checked on a run's own text",
    });
  const [{ realBatch }, { checkWeights }] = await Promise.all([
    import("../check/batch.ts"),
    import("../check/weights.ts"),
  ]);
  const batch = await realBatch(io, run, data, seed);
  const checks = await ticking(io, options, (ticker) =>
    checkWeights(model, batch, {
      samples,
      seed,
      onSample: (done) => ticker.tick({ what: "weights", done, total: samples }),
    }),
  );
  const failures = checks.filter((c) => !(c.error <= tol));
  const report = { run: path, step, backend: backend.name, tol, ok: failures.length === 0 };
  if (options.json) writeJSON(io, { v: 1, ...report, checks: worstFirst(checks) });
  else writeLines(io, describeWeights(checks, batch.shape, report));
  if (failures.length === 0) return;
  throw new CLIError(
    `gradcheck: ${failures.length} of ${samples} weights differ by more than ${tol}`,
    {
      why: worstFirst(failures)
        .slice(0, 3)
        .map((c) => `${c.parameter} [${c.index}]: ${shown(c.error)}`),
      exitCode: exitCodes.checkFailed,
    },
  );
}
