import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { styleText } from "node:util";

/** Where text goes: a stream of the process, or a string in a test. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Cells in a line; 80 where there is no terminal. */
  readonly columns: number;
  /** Whether escape sequences for colour may be written; `--no-color` clears it. */
  colors: boolean;
}

export interface Input {
  readonly isTTY: boolean;
  /** Everything up to its end. */
  read(): Promise<Uint8Array>;
  /** The same as it comes in, in parts that may end amid a character. */
  parts(): AsyncIterable<Uint8Array>;
  /**
   * Tells each key as it is pressed, unechoed; Ctrl-C comes as "\x03". After Ctrl-Z was told, as "\x1a", the process is
   * suspended. Returns what ends it. Only for a terminal, in its foreground.
   */
  keys(listener: (key: string) => void): () => void;
}

export type Signal = "SIGINT" | "SIGTERM";

/** All that a verb may touch of its surroundings, so that a test can stand in for them. */
export interface IO {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether the terminal belongs to another job now: `muladd … &`. Asking it for keys would stop the process. */
  readonly background: boolean;
  /** How the user would type this program, for commands to paste: "npx muladd". */
  readonly program: string;
  /** Listens to Ctrl-C and to termination. Returns what ends it. */
  onSignal(listener: (signal: Signal) => void): () => void;
  /** Ends the process at once, whatever is under way. */
  exit(code: number): void;
}

/** A path as the user gave it, made absolute. */
export const absolute = (io: IO, path: string): string => resolve(io.cwd, path);

type Style = Parameters<typeof styleText>[0];

/** Colours text where the output shows colour. */
export const paint = (output: Output, style: Style, text: string): string =>
  output.colors ? styleText(style, text, { validateStream: false }) : text;

/** The surroundings of this process. EPIPE on stdout ends it quietly with code 0. */
export function processIO(): IO {
  const { stdin, env } = process;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  process.stderr.on("error", () => {}); // nobody reads the progress: go on without
  return {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    stdin: {
      isTTY: stdin.isTTY === true,
      async read() {
        const parts: Uint8Array[] = [];
        for await (const part of stdin) parts.push(part as Uint8Array);
        return Buffer.concat(parts);
      },
      parts: () => stdin,
      keys(listener) {
        const onData = (data: Buffer) => {
          for (const key of data.toString("utf8")) {
            listener(key);
            if (key === "\x1a") suspend();
          }
        };
        const take = () => {
          if (inBackground()) return;
          stdin.setRawMode(true);
          stdin.on("data", onData);
          stdin.resume();
        };
        const give = () => {
          stdin.off("data", onData);
          if (!inBackground()) stdin.setRawMode(false);
          stdin.pause();
        };
        const suspend = () => {
          give();
          process.kill(0, "SIGTSTP"); // the whole job, as the terminal would: npm and npx too
        };
        const onContinue = () => {
          give();
          take();
        };
        take();
        process.on("SIGCONT", onContinue);
        return () => {
          process.off("SIGCONT", onContinue);
          give();
        };
      },
    },
    env,
    cwd: process.cwd(),
    get background() {
      return inBackground();
    },
    program: invocation(process.argv[1] ?? "", process.cwd(), env),
    onSignal(listener) {
      const handlers = (["SIGINT", "SIGTERM"] as const).map((name) => {
        const handler = () => listener(name);
        process.on(name, handler);
        return () => process.off(name, handler);
      });
      return () => {
        for (const off of handlers) off();
      };
    },
    exit: (code) => process.exit(code),
  };
}

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns || 80; // a terminal that does not know its size says 0
    },
    // What it does to a letter tells whether NO_COLOR, FORCE_COLOR and the terminal allow it.
    colors: styleText("red", "x", { stream }) !== "x",
  };
}

/** Whether a job of the terminal on stdin runs while another has the foreground. */
function inBackground(): boolean {
  const { platform, pid } = process;
  if (!process.stdin.isTTY || platform === "win32") return false;
  try {
    if (platform !== "linux")
      return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).includes(
        "+",
      );
    // After the name in brackets: state, parent, group, session, terminal, the terminal's foreground group (proc(5)).
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , , front] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return front !== "-1" && front !== group;
  } catch {
    return false;
  }
}

/** "muladd" when it is on the PATH, "npx muladd" inside a package that has it, else the script itself. */
function invocation(script: string, cwd: string, env: NodeJS.ProcessEnv): string {
  const path = script.replaceAll("\\", "/");
  if (/\/node_modules\/(\.bin|muladd)\//.test(path))
    return path.startsWith(`${cwd.replaceAll("\\", "/")}/`) || env.npm_command === "exec"
      ? "npx muladd"
      : "muladd";
  if (!/\.[cm]?[jt]s$/.test(path)) return "muladd";
  const near = path.startsWith(`${cwd.replaceAll("\\", "/")}/`) ? path.slice(cwd.length + 1) : path;
  return `node ${near.includes(" ") ? `"${near}"` : near}`;
}
