import type { Tokenizer, UnknownCharacterError } from "@muladd/tokenizer";
import { showToken } from "@muladd/tokenizer/show";

/** A text as a model reads it. */
export interface Reading {
  readonly ids: readonly number[];
  /** Each token on one line: · for a space, ⏎ for a new line. */
  readonly tokens: readonly string[];
  /** Tokens at the front that were left out, since the window holds no more. */
  readonly cut: number;
}

const NAMED = 8;

// By its name: its class would bring all of the tokenizers into the engine's first script.
const isUnknownCharacter = (error: unknown): error is UnknownCharacterError =>
  error instanceof Error && error.name === "UnknownCharacterError";

/** Text → ids. Throws RangeError, with the remedy, for text that is empty or holds characters the tokenizer has never seen. */
export function encodeText(tokenizer: Tokenizer, text: string, what: string): Int32Array {
  if (text === "") throw new RangeError(`${what} is empty; type a word or two`);
  try {
    return tokenizer.encode(text, { disallowedSpecial: [] });
  } catch (error) {
    if (!isUnknownCharacter(error)) throw error;
    const { characters } = error;
    const named = characters.slice(0, NAMED).map((c) => JSON.stringify(c));
    const more = characters.length - named.length;
    throw new RangeError(
      `${what} has ${named.join(" ")}${more > 0 ? ` and ${more} more characters` : ""}, ` +
        "which this model has never seen; leave them out, or train with the tokenizer bytes or bpe, which read any text",
      { cause: error },
    );
  }
}

/** Reads the last `most` tokens of a text. Throws as {@link encodeText}. */
export function readText(
  tokenizer: Tokenizer,
  text: string,
  most: number,
  what = "the text under the lens",
): Reading {
  const all = encodeText(tokenizer, text, what);
  const ids = Array.from(all.subarray(Math.max(all.length - most, 0)));
  return { ids, tokens: labels(tokenizer, ids), cut: all.length - ids.length };
}

export const labels = (tokenizer: Tokenizer, ids: readonly number[]): string[] =>
  ids.map((id) => showToken(tokenizer.token(id)));
