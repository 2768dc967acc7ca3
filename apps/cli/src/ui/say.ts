import { type IO, paint } from "../io.ts";
import { version } from "../version.ts";
import { ascii, showsUTF8 } from "./cells.ts";
import type { Mode } from "./mode.ts";

/** Lines on stderr before a view takes over: for people in live and plain, events in json. */
export function say(io: IO, mode: Mode): { line(text: string): void } {
  const { stderr } = io;
  const plain = stderr.isTTY && !showsUTF8(io.env);
  return {
    line(text) {
      if (mode === "none") return;
      if (mode === "json") {
        if (text !== "") stderr.write(`${JSON.stringify({ v: 1, type: "log", message: text })}\n`);
        return;
      }
      const label = /^[a-z]+(?= )/.exec(text)?.[0];
      const shown =
        label && stderr.colors ? paint(stderr, "cyan", label) + text.slice(label.length) : text;
      stderr.write(`${plain ? ascii(shown) : shown}\n`);
    },
  };
}

/** The first line: which program does what, and where it goes. */
export const heading = (io: IO, verb: string, path: string): string =>
  `${paint(io.stderr, "bold", `muladd ${version}`)}  ${verb}  →  ${path}`;
