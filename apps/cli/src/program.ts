import { Command, CommanderError } from "commander";
import { exitCodes, report, UsageError, usageError } from "./errors.ts";
import type { IO } from "./io.ts";
import { settle } from "./options.ts";
import { version } from "./version.ts";

interface Verb {
  readonly summary: string;
  readonly load: () => Promise<(io: IO) => Command>;
}

/** Every verb; its file is read only when it is asked for. */
const verbs: Readonly<Record<string, Verb>> = {
  train: {
    summary: "train a GPT from text",
    load: async () => (await import("./verbs/train.ts")).trainCommand,
  },
  generate: {
    summary: "let a trained model continue a text",
    load: async () => (await import("./verbs/generate.ts")).generateCommand,
  },
  eval: {
    summary: "measure a model: loss, perplexity, bits per byte",
    load: async () => (await import("./verbs/eval.ts")).evalCommand,
  },
  import: {
    summary: "fetch a model of the hub, or write any as a Hugging Face folder",
    load: async () => (await import("./verbs/import.ts")).importCommand,
  },
  export: {
    summary: "write a model for transformers or llama.cpp",
    load: async () => (await import("./verbs/export.ts")).exportCommand,
  },
  demo: {
    summary: "train a small GPT now, and read what it writes",
    load: async () => (await import("./verbs/demo.ts")).demoCommand,
  },
  tokenize: {
    summary: "show how text becomes tokens, or train a tokenizer",
    load: async () => (await import("./verbs/tokenize.ts")).tokenizeCommand,
  },
  inspect: {
    summary: "look into a model or a weights file",
    load: async () => (await import("./verbs/inspect.ts")).inspectCommand,
  },
  plan: {
    summary: "parameters, memory, FLOPs, time and cost of any GPT",
    load: async () => (await import("./verbs/plan.ts")).planCommand,
  },
  gradcheck: {
    summary: "check every gradient of a backend by finite differences",
    load: async () => (await import("./verbs/gradcheck.ts")).gradcheckCommand,
  },
  bench: {
    summary: "how fast this machine is",
    load: async () => (await import("./verbs/bench.ts")).benchCommand,
  },
  serve: {
    summary: "the web app, on this machine",
    load: async () => (await import("./verbs/serve.ts")).serveCommand,
  },
  doctor: {
    summary: "what this machine has, and what is missing",
    load: async () => (await import("./verbs/doctor.ts")).doctorCommand,
  },
};

const introduction = (
  program: string,
) => `muladd ${version}: build, train and run GPTs, from multiply and add

  ${program} demo                          watch a GPT learn to write, in a minute
  ${program} train my.txt                  train one on your own text
  ${program} generate RUN -p "Once upon"   let it continue a text

all verbs: ${Object.keys(verbs).join(" ")}
help: ${program} --help, ${program} VERB --help · docs: README.md
`;

/** The whole command line. Only `wanted` has its flags; the other verbs are names for the help and for suggestions. */
export async function createProgram(io: IO, wanted?: string): Promise<Command> {
  const program = settle(io, new Command("muladd"))
    .description("Build, train and run GPTs.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this")
    .helpCommand(false)
    .addHelpText(
      "before",
      `Examples:\n  ${io.program} demo\n  ${io.program} train my.txt\n  ${io.program} generate RUN -p "Once upon"\n`,
    );
  for (const [name, { summary, load }] of Object.entries(verbs)) {
    if (name === wanted) program.addCommand((await load())(io));
    else program.command(name).description(summary);
  }
  return program;
}

/** Runs a command line, without the program's own name. Returns the exit code; prints errors itself. */
export async function run(line: readonly string[], io: IO): Promise<number> {
  // "help VERB" asks for what "VERB --help" does.
  const argv = line[0] === "help" ? [...line.slice(1), "--help"] : line;
  const verbose = argv.includes("-v") || argv.includes("--verbose");
  if (argv.includes("--no-color")) io.stderr.colors = false;
  // Flags may stand before the verb, too, and two of them take a value.
  const at = argv.findIndex(
    (a, i) => !a.startsWith("-") && !["--config", "--progress"].includes(argv[i - 1] ?? ""),
  );
  const name = argv[at];
  try {
    if (name === undefined && argv.length === 0) {
      io.stdout.write(introduction(io.program));
      return exitCodes.done;
    }
    if (name !== undefined && !Object.hasOwn(verbs, name)) {
      const { nearest } = await import("@muladd/gpt");
      const meant = nearest(name, Object.keys(verbs));
      throw new UsageError(`there is no verb ${name}`, {
        why: `there are ${Object.keys(verbs).join(", ")}`,
        remedies: `${io.program} ${meant ?? "--help"}`,
      });
    }
    const program = await createProgram(io, name);
    const args = name === undefined ? argv : [name, ...argv.slice(0, at), ...argv.slice(at + 1)];
    ended.delete(io);
    await program.parseAsync(args, { from: "user" });
    return ended.get(io) ?? exitCodes.done;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(io, error, { verbose });
    if (error.exitCode === 0) return exitCodes.done;
    return report(io, await usageError(error, name ?? "", io.program), { verbose });
  }
}

const ended = new WeakMap<IO, number>();

/** Sets the exit code of a verb that ends neither well nor by an error: 5 for a check that failed, 130 after Ctrl-C. */
export function endWith(io: IO, code: number): void {
  ended.set(io, code);
}
