import { Option } from "commander";
import type { IO } from "../io.ts";

export const modes = ["live", "plain", "json", "none"] as const;
/** How progress is told on stderr. */
export type Mode = (typeof modes)[number];

/** `--progress auto|live|plain|json|none` */
export const progressOption = (): Option =>
  new Option("--progress <mode>", "how progress is told on stderr")
    .choices(["auto", ...modes])
    .default("auto");

// Set by programs that read a terminal's output in place of a person.
const MARKERS = ["AI_AGENT", "AGENT"];

/**
 * The mode that "auto" stands for: live in a terminal, unless it is dumb, or a CI or another program reads it. `why` is
 * set when a terminal gets plain lines all the same.
 */
export function resolveMode(io: IO, asked: string, quiet: boolean): { mode: Mode; why?: string } {
  if (asked !== "auto") return { mode: asked as Mode };
  if (quiet) return { mode: "none" };
  const { env, stderr } = io;
  if (!stderr.isTTY) return { mode: "plain" };
  const why = env.CI
    ? "CI is set"
    : io.background
      ? "it runs in the background"
      : env.TERM === "dumb"
        ? "TERM is dumb"
        : MARKERS.filter((name) => env[name]).map((name) => `${name} is set`)[0];
  return why === undefined ? { mode: "live" } : { mode: "plain", why };
}
