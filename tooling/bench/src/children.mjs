import { spawn } from "node:child_process";
import { join, resolve } from "node:path";

export const here = resolve(import.meta.dirname, "..");
export const root = resolve(here, "../..");

/** The command, as built. */
export const CLI = join(root, "apps/cli/bin/muladd.js");

/**
 * Runs a program that prints a line of JSON last.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<any>} what the line says
 */
export async function ask(program, args) {
  const { code, out, err } = await run(program, args, "pipe");
  if (code !== 0)
    throw new Error(`${program} ${args.join(" ")} ended with ${code}\n${err.trim() || out.trim()}`);
  return JSON.parse(out.trimEnd().split("\n").at(-1) ?? "");
}

/**
 * Runs a Node program in this terminal.
 * @param {readonly string[]} args
 */
export const runCLI = async (args) =>
  (await run(process.execPath, args.filter(Boolean), "inherit")).code;

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {"pipe" | "inherit"} stdio
 * @returns {Promise<{ code: number, out: string, err: string }>}
 */
export function run(program, args, stdio) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { stdio: ["inherit", stdio, stdio] });
    const text = { out: "", err: "" };
    child.stdout?.on("data", (part) => {
      text.out += part;
    });
    child.stderr?.on("data", (part) => {
      text.err += part;
    });
    child.on("error", failed);
    child.on("close", (code) => done({ code: code ?? 1, ...text }));
  });
}
