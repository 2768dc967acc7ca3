import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { IO, Output, Signal } from "../src/io.ts";
import { run } from "../src/program.ts";

export interface TestIO extends IO {
  /** What was written so far. */
  readonly out: string;
  readonly err: string;
  /** As if Ctrl-C was pressed, or the process told to end. */
  signal(signal: Signal): void;
  /** As if a key was pressed. */
  press(key: string): void;
  /** Codes that `exit` was called with. */
  readonly exits: number[];
}

export interface TestIOOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Piped into stdin; without it stdin is a terminal. */
  readonly stdin?: string | Uint8Array;
  /** Bytes in a part of it; default: all. */
  readonly part?: number;
  /** stdout and stderr are terminals of this many columns. */
  readonly terminal?: number;
  readonly colors?: boolean;
  /** Another job has the terminal. */
  readonly background?: boolean;
  /** How the user calls the program. */
  readonly program?: string;
}

/** Surroundings held in memory. */
export function testIO(options: TestIOOptions = {}): TestIO {
  const {
    cwd = process.cwd(),
    env = {},
    stdin,
    terminal,
    colors = false,
    background = false,
  } = options;
  const text = { out: "", err: "" };
  const listeners = new Set<(signal: Signal) => void>();
  const keys = new Set<(key: string) => void>();
  const output = (name: "out" | "err"): Output => ({
    write: (part) => {
      text[name] += part;
    },
    isTTY: terminal !== undefined,
    columns: terminal ?? 80,
    colors,
  });
  const exits: number[] = [];
  const subscribe = <T>(set: Set<T>, listener: T) => {
    set.add(listener);
    return () => void set.delete(listener);
  };
  return {
    stdout: output("out"),
    stderr: output("err"),
    stdin: {
      isTTY: stdin === undefined,
      read: async () => (typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin!),
      async *parts() {
        const bytes = await this.read();
        const size = options.part ?? Math.max(bytes.length, 1);
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      },
      keys: (listener) => subscribe(keys, listener),
    },
    env,
    cwd,
    background,
    program: options.program ?? "muladd",
    onSignal: (listener) => subscribe(listeners, listener),
    exit: (code) => void exits.push(code),
    exits,
    signal: (signal) => {
      for (const listener of [...listeners]) listener(signal);
    },
    press: (key) => {
      for (const listener of [...keys]) listener(key);
    },
    get out() {
      return text.out;
    },
    get err() {
      return text.err;
    },
  };
}

/** Runs a command line in memory. */
export async function muladd(
  args: readonly string[],
  options: TestIOOptions = {},
): Promise<{ code: number; out: string; err: string }> {
  const io = testIO(options);
  const code = await run(args, io);
  return { code, out: io.out, err: io.err };
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "muladd test "));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
