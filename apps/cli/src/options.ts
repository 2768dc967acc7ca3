import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { quote } from "./data.ts";
import { CLIError, UsageError } from "./errors.ts";
import { absolute, type IO } from "./io.ts";

/** What every verb takes. */
export interface SharedOptions {
  readonly json: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly config?: string;
}

/**
 * The command of a verb, with the flags that all verbs share. A flag's value is the command line's, else that of
 * MULADD_<FLAG> in the environment, else that of the `--config` file; the verb gives the rest. `examples` lead its help.
 */
export function verb(io: IO, name: string, summary: string, examples: readonly string[]): Command {
  const command = settle(io, new Command(name))
    .description(summary)
    .addHelpText(
      "before",
      `${["Examples:", ...examples.map((e) => `  ${io.program} ${e}`)].join("\n")}\n`,
    )
    .helpOption("-h, --help", "show this")
    .addOption(
      new Option("--json", "the result as JSON on stdout").default(false).helpGroup(SHARED),
    )
    .addOption(new Option("--no-color", "no colours").helpGroup(SHARED))
    .addOption(
      new Option("-q, --quiet", "only the result and errors").default(false).helpGroup(SHARED),
    )
    .addOption(
      new Option("-v, --verbose", "more detail, and stacks of errors")
        .default(false)
        .helpGroup(SHARED),
    )
    .addOption(
      new Option("--config <file>", 'flags from a JSON file: {"lr": 1e-3}').helpGroup(SHARED),
    );
  command.hook("preAction", async () => {
    fromEnvironment(io, command);
    await fromFile(io, command);
    if (command.opts<SharedOptions>().color === false) {
      io.stdout.colors = false;
      io.stderr.colors = false;
    }
  });
  return command;
}

const SHARED = "Shared:";

/** Sends what commander prints to `io`, and makes it throw instead of leaving the process. */
export function settle(io: IO, command: Command): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: () => {}, // errors are thrown too, and reported once
      getOutHelpWidth: () => io.stdout.columns,
    })
    .showSuggestionAfterError(true);
}

/** A flag's value as a number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new InvalidArgumentError("it must be a number");
  return value;
}

/** A flag's value as a whole number of at least `least`. */
export const integer =
  (least = 0) =>
  (text: string): number => {
    const value = number(text);
    if (!Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`it must be a whole number, ${least} at least`);
    return value;
  };

/** `--seed N` */
export const seedOption = (about: string): Option =>
  new Option("--seed <n>", about).argParser((text) => {
    const value = number(text);
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
      throw new InvalidArgumentError("it is a whole number in 0 … 4294967295");
    return value;
  });

/** `--backend auto|webgpu|wasm|reference`, for `openBackend`. */
export const backendOption = (): Option =>
  new Option(
    "--backend <name>",
    "auto, webgpu, wasm or reference; auto is webgpu where there is a GPU, else wasm",
  ).default("auto");

/** `--threads n|auto`, for `openBackend`. */
export const threadsOption = (): Option =>
  new Option("--threads <n>", "of the wasm backend: a number, or auto")
    .argParser((text) => (text === "auto" ? text : integer(1)(text)))
    .default("auto");

/** `--no-wide`, for `openBackend`. */
export const wideOption = (): Option =>
  new Option("--no-wide", "ask V8 for no experimental SIMD, which is faster");

/** `--memory 8G`, for `openBackend`. */
export const memoryOption = (): Option =>
  new Option(
    "--memory <bytes>",
    "that the backend may take: 500M, 8G; default of wasm 4 GiB, more needs Node 24",
  ).argParser((text) => {
    const [, digits = "", unit = ""] = /^(.*?)([kmgt]?)b?$/i.exec(text.trim()) ?? [];
    const value = Number(digits || Number.NaN) * 1000 ** ("kmgt".indexOf(unit.toLowerCase()) + 1);
    if (!(value >= 1 && value < Infinity))
      throw new InvalidArgumentError("it must be bytes, such as 500M, 8G or 8e9");
    return value;
  });

/** The command line that ran, with other values for some flags: a line to paste. */
export function commandLine(
  io: IO,
  command: Command,
  changes: Readonly<Record<string, string | number>>,
): string {
  const flags = command.options.flatMap((option) => {
    const name = option.attributeName();
    const is =
      command.getOptionValueSource(name) === "cli" ? command.getOptionValue(name) : undefined;
    const value = changes[name] ?? is;
    if (value === undefined) return [];
    return typeof value === "boolean" ? [option.long] : [option.long, quote(String(value))];
  });
  return [io.program, command.name(), ...command.args.map(quote), ...flags].join(" ");
}

/** Whether a flag was given: on the command line, in the environment or in the config file. */
export const given = (command: Command, name: string): boolean => {
  const source = command.getOptionValueSource(name);
  return source !== undefined && source !== "default";
};

const settable = (command: Command): Option[] =>
  command.options.filter((o) => o.long !== "--config" && o.long !== "--version");

function fromEnvironment(io: IO, command: Command): void {
  for (const option of command.options) {
    const name = `MULADD_${option.name().replace(/^no-/, "").replaceAll("-", "_").toUpperCase()}`;
    const text = io.env[name];
    if (text === undefined || text === "") continue;
    set(command, option, text, "env", name);
  }
}

async function fromFile(io: IO, command: Command): Promise<void> {
  const { config: path } = command.opts<SharedOptions>();
  if (path === undefined) return;
  const values = readConfig(absolute(io, path), path);
  const options = new Map(settable(command).map((o) => [o.attributeName(), o]));
  for (const [key, value] of Object.entries(values)) {
    const name = key.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase());
    const option = options.get(name);
    if (!option) {
      const { nearest } = await import("@muladd/gpt");
      const meant = nearest(name, options.keys());
      throw new UsageError(`${path}: unknown key "${key}"`, {
        why: `the keys are the flags of ${command.name()}: ${[...options.keys()].join(", ")}`,
        ...(meant ? { remedies: `"${meant}"` } : {}),
      });
    }
    if (!["string", "number", "boolean"].includes(typeof value))
      throw new UsageError(`${path}: "${key}" is ${JSON.stringify(value)}`, {
        why: "it must be a number, a text, or true or false",
      });
    set(command, option, String(value), "config", `${path}: "${key}"`);
  }
}

function readConfig(path: string, shown: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CLIError(`--config ${shown} cannot be read`, {
      why: (error as Error).message,
      cause: error,
    });
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new CLIError(`--config ${shown} is not JSON`, { why: (error as Error).message });
  }
  if (typeof values !== "object" || values === null || Array.isArray(values))
    throw new CLIError(`--config ${shown} is not a JSON object`, { why: 'like {"lr": 1e-3}' });
  return values as Record<string, unknown>;
}

/** Sets an option that has no value of a stronger source yet. */
function set(command: Command, option: Option, text: string, source: string, where: string): void {
  const name = option.attributeName();
  if (given(command, name)) return;
  command.setOptionValueWithSource(name, parse(option, text, where), source);
}

function parse(option: Option, text: string, where: string): unknown {
  if (option.isBoolean() || option.negate || (option.optional && /^(true|false)$/.test(text))) {
    if (["1", "true"].includes(text)) return true;
    if (["0", "false"].includes(text)) return false;
    throw new UsageError(`${where} is ${text}`, { why: "it must be true or false" });
  }
  try {
    return option.parseArg ? option.parseArg(text, undefined) : text;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`${where} is ${text}`, { why: error.message });
  }
}
