import type { RunSettings } from "../../engine/protocol.ts";
import { fields, given } from "./fields.ts";

/** A word as a shell takes it. */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command that trains the same: the same text, settings and seed. A text of one's own is a file there. */
export function commandOf(settings: RunSettings): string {
  const { data } = settings;
  const words = ["muladd", "train"];
  if (data.kind === "task") words.push("--task", data.task);
  // "./" keeps a name that begins with a dash from being a flag.
  else if (data.kind !== "stories")
    words.push(data.name.startsWith("-") ? `./${data.name}` : data.name);
  words.push("--preset", settings.preset, "--tokenizer", settings.tokenizer);
  for (const field of fields) {
    const value = given(settings, field);
    if (value === undefined) continue;
    if (typeof value === "boolean") words.push(value ? `--${field.flag}` : `--no-${field.flag}`);
    else words.push(`--${field.flag}`, String(value));
  }
  return words.map(quote).join(" ");
}
