import type { Tokenizer } from "@muladd/tokenizer";
import { CLIError } from "./errors.ts";

const SHOWN = 120;

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
    throw new CLIError(
      `${what} has ${characters.map((c) => JSON.stringify(c)).join(" ")}, which ${run} has never seen`,
      {
        why: `it knows ${tokenizer.size} characters: ${JSON.stringify(cut.slice(0, SHOWN).join("")).slice(1, -1)}${cut.length > SHOWN ? " …" : ""}`,
        remedies: ["leave them out", "train with --tokenizer bpe, which reads any text"],
        cause: error,
      },
    );
  }
}
