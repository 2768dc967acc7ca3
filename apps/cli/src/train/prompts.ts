import { encodeText } from "../encode-text.ts";
import type { Prepared } from "./prepare.ts";

/** What samples go on with: what was asked for, or a line break, where the tokenizer knows it. Throws as encodeText does. */
export function samplePrompt(
  { tokenizer, data }: Pick<Prepared, "tokenizer" | "data">,
  asked?: string,
): string {
  if (asked !== undefined && asked !== "") {
    encodeText(tokenizer, asked, data.name, "--sample-prompt");
    return asked;
  }
  return data.text.includes("\n") || tokenizer.kind !== "characters" ? "\n" : data.text[0]!;
}

const WORDS = 3;
const LONGEST = 24;

/** The beginning of the text's first line that a shell takes in double quotes: a prompt to try. */
export function firstWords({ data }: Pick<Prepared, "data">): string {
  if (data.source.kind === "task") return /^.*?[>=]/.exec(data.text)?.[0] ?? "";
  const line = data.text.split("\n", 50).find((l) => l.trim() !== "") ?? "";
  const plain = line
    .trim()
    .replace(/["$`\\!].*$/su, "")
    .trim();
  return [...plain.split(/\s+/).slice(0, WORDS).join(" ")].slice(0, LONGEST).join("");
}
