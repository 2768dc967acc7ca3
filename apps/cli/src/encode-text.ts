import type { Tokenizer } from "@muladd/tokenizer";
import { CLIError } from "./errors.ts";

const SHOWN = 120;
const NAMED = 10;

/** A text's ids. Throws CLIError that names the characters which the tokenizer of `run` has never seen. */
export function encodeText(
  tokenizer: Tokenizer,
  text: string,
  run: string,
  what = "the prompt",
): Int32Array {
  try {
    return tokenizer.encode(text, { disallowedSpecial: [] });
  } catch (error) {
    const { name, characters } = error as { name?: string; characters?: readonly string[] };
    if (name !== "UnknownCharacterError" || !characters) throw error;
    const knows = tokenizer.decode(Int32Array.from({ length: tokenizer.size }, (_, id) => id));
    const cut = [...knows];
    const unknown = characters.slice(0, NAMED).map((c) => visible(JSON.stringify(c)));
    const more = characters.length - unknown.length;
    throw new CLIError(
      `${what} has ${unknown.join(" ")}${more > 0 ? ` and ${more} more characters` : ""}, which ${run} has never seen`,
      {
        why: `it knows ${tokenizer.size} characters: ${visible(JSON.stringify(cut.slice(0, SHOWN).join("")).slice(1, -1))}${cut.length > SHOWN ? " …" : ""}`,
        remedies: ["leave them out", "train with --tokenizer bpe, which reads any text"],
        cause: error,
      },
    );
  }
}

/** With escapes for what a terminal would obey or not show, and JSON leaves as it is. */
const visible = (json: string) =>
  json.replace(/[\p{Cc}\p{Cf}]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
