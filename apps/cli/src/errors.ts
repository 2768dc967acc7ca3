import type { CommanderError } from "commander";
import { flag, flagsIn } from "./flags.ts";
import { type IO, paint } from "./io.ts";
import { version } from "./version.ts";

/** The ways to end. 130 and 143 are Ctrl-C and termination, after saving. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  unavailable: 3,
  diverged: 4,
  checkFailed: 5,
  bug: 70,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

export interface CLIErrorOptions {
  /** Why and where: value and limit. One line each. */
  readonly why?: string | readonly string[];
  /** What to do: commands or flags to paste; printed as "try A   or   B". */
  readonly remedies?: string | readonly string[];
  /** Default 1: a reason in data, files or environment. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** What went wrong in one line, why, and what to do about it. */
export class CLIError extends Error {
  override name = "CLIError";
  readonly why: readonly string[];
  readonly remedies: readonly string[];
  readonly exitCode: number;
  constructor(message: string, options: CLIErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.why = list(options.why);
    this.remedies = list(options.remedies);
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

/** A bad flag, value or combination: exit code 2. */
export class UsageError extends CLIError {
  override name = "UsageError";
  constructor(message: string, options: Omit<CLIErrorOptions, "exitCode"> = {}) {
    super(message, { ...options, exitCode: exitCodes.usage });
  }
}

const list = (x: string | readonly string[] | undefined): readonly string[] =>
  x === undefined ? [] : typeof x === "string" ? [x] : x;

/** Any error as one to show; `undefined` for one that is our own bug. */
export function explain(error: unknown): CLIError | undefined {
  if (error instanceof CLIError) return error;
  if (!(error instanceof Error)) return undefined;
  // By name, not class: the libraries are loaded only where they are needed.
  const make = Object.hasOwn(known, error.name) ? known[error.name] : undefined;
  if (make) return make(error as never);
  const { code, path } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : system[code];
  if (reason)
    return new CLIError(path ? `${path}: ${reason.what}` : reason.what, {
      ...(reason.remedy ? { remedies: reason.remedy } : {}),
      cause: error,
    });
  return undefined;
}

type Explain = (error: never) => CLIError;

/** Library messages read "what: detail; remedy". */
function parted(error: Error, exitCode: number = exitCodes.failed): CLIError {
  const [what = "", ...rest] = error.message.split("; ");
  const few = rest.length > MOST_LINES ? rest.slice(0, MOST_LINES - 1) : rest;
  const more = rest.length > few.length ? [`and ${rest.length - few.length} more`] : [];
  return new CLIError(what, { why: [...few, ...more], exitCode, cause: error });
}

const MOST_LINES = 5;

const known: Readonly<Record<string, Explain>> = {
  ConfigError: (e: Error & { field: string; why: string; remedy: string }) => configError(e),
  RunError: (e: Error) => parted(e),
  SaveError: (e: Error) => parted(e),
  FormatError: (e: Error) => parted(e),
  TokenizerFormatError: (e: Error) => parted(e),
  SpecialTokenError: (e: Error) => parted(e),
  UnknownCharacterError: (e: Error) => parted(e),
  OutOfMemoryError: (e: Error) => parted(e),
  BatchMemoryError: (e: Error) => parted(e),
  DeviceLostError: (e: Error) => parted(e),
  DivergedError: (e: Error) => parted(e, exitCodes.diverged),
  BackendUnavailable: (e: Error & { backend: string; remedy: string }) =>
    new CLIError(e.message.split("; ")[0]!, {
      why: e.remedy,
      remedies: e.backend === "reference" ? [] : "--backend reference",
      exitCode: exitCodes.unavailable,
      cause: e,
    }),
};

const system: Readonly<Record<string, { what: string; remedy?: string }>> = {
  ENOENT: { what: "there is no such file or folder" },
  EACCES: { what: "permission denied" },
  EPERM: { what: "permission denied" },
  EROFS: {
    what: "the file system is read-only",
    remedy: "-o with a folder that can be written to",
  },
  EISDIR: { what: "is a folder, not a file" },
  ENOTDIR: { what: "a part of the path is a file, not a folder" },
  ENOSPC: { what: "the disk is full", remedy: "make room, then run the command again" },
  EDQUOT: { what: "the disk quota is used up", remedy: "make room, then run the command again" },
  EMFILE: { what: "too many files are open" },
  EFBIG: { what: "the file is too large for the file system" },
};

/** A setting that cannot be, under the name of its flag. */
function configError(e: Error & { field: string; why: string; remedy: string }): CLIError {
  const [why = "", ...detail] = e.why.split(": ");
  const name = flag(e.field);
  const unknown = /^is "(.*)", which there is not$/.exec(why);
  if (unknown) {
    const [, meant, list] = /^(?:did you mean (\S+)\? )?(.*)$/.exec(e.remedy)!;
    return new UsageError(`there is no ${e.field} ${unknown[1]}`, {
      why: list!,
      ...(meant ? { remedies: `${name} ${meant}` } : {}),
      cause: e,
    });
  }
  const value = /^is (?!not )"?(.+?)"?$/.exec(why)?.[1];
  const message =
    value === undefined ? `${name} ${flagsIn(why)}` : `${name} ${value} is not possible`;
  const lines = detail.length > 0 ? [detail.join(": ")] : [];
  const attempt = /^try (.*)$/.exec(e.remedy);
  if (!attempt) return new UsageError(message, { why: [...lines, e.remedy], cause: e });
  const remedies = attempt[1]!.split(/, or | or /).map(flagsIn);
  return new UsageError(message, { why: lines, remedies, cause: e });
}

/** What commander says about a command line, in our shape. */
export async function usageError(
  error: CommanderError,
  verb: string,
  program: string,
): Promise<CLIError> {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const meant = /\(Did you mean (?:one of )?(.*)\?\)/.exec(rest.join(" "))?.[1];
  const invalid = /^option '.*?(--[\w-]+).*?' argument '(.*)' is invalid\. (.*)$/.exec(first);
  if (invalid) {
    const [, name = "", value = "", why = ""] = invalid;
    const choices = /^Allowed choices are (.*?)\.$/.exec(why)?.[1];
    if (choices === undefined)
      return new UsageError(`${name} ${value} is not possible`, { why: why.replace(/\.$/, "") });
    const { nearest } = await import("@muladd/gpt");
    const likely = nearest(value, choices.split(", "));
    return new UsageError(`${name} ${value} is not possible`, {
      why: `it is one of ${choices}`,
      ...(likely ? { remedies: `${name} ${likely}` } : {}),
    });
  }
  const help = `${program} ${verb ? `${verb} ` : ""}--help`;
  const remedies = meant ? meant.split(", ") : help;
  return new UsageError(first.replaceAll("'", "").replace(/\.$/, ""), { remedies });
}

/** Prints an error in its shape; the stack only for our own bug, or with `verbose`. Returns the exit code. */
export function report(io: IO, error: unknown, { verbose = false } = {}): number {
  const { stderr } = io;
  const shown = explain(error);
  const label = paint(stderr, "red", "error:");
  if (!shown) {
    stderr.write(`${label} this is a bug in muladd, sorry: ${message(error)}\n`);
    stderr.write(`  ${stack(error)}\n`);
    stderr.write(
      `  muladd ${version} · node ${process.versions.node} · ${process.platform} ${process.arch}\n`,
    );
    stderr.write("  please report these lines, and the command that you ran\n");
    return exitCodes.bug;
  }
  stderr.write(`${label} ${shown.message}\n`);
  for (const line of shown.why) stderr.write(`  ${line}\n`);
  if (shown.remedies.length > 0) stderr.write(`  try  ${shown.remedies.join("   or   ")}\n`);
  if (verbose) stderr.write(`  ${stack(shown.cause ?? shown)}\n`);
  return shown.exitCode;
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error));
const stack = (error: unknown) =>
  ((error instanceof Error && error.stack) || String(error)).replaceAll("\n", "\n  ");
