import { BPETokenizer } from "./bpe-tokenizer.ts";
import { ByteTokenizer } from "./bytes.ts";
import { CharacterTokenizer } from "./characters.ts";
import { TokenizerFormatError } from "./errors.ts";
import { array, describe, type Fields, object, string } from "./fields.ts";
import { FORMAT } from "./format.ts";
import { readHuggingFace } from "./huggingface/read.ts";
import type { Tokenizer } from "./tokenizer.ts";

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TokenizerFormatError("(whole file)", `is not JSON (${(cause as Error).message})`);
  }
}

function readCharacters(file: Fields): CharacterTokenizer {
  const seen = new Set<string>();
  const characters = array(file.characters, "characters").map((value, id) => {
    const path = `characters[${id}]`;
    const character = string(value, path);
    if (!/^[^\p{Surrogate}]$/su.test(character))
      throw new TokenizerFormatError(path, `${describe(character)} is not exactly one character`);
    if (seen.has(character))
      throw new TokenizerFormatError(path, `${describe(character)} is there twice`);
    seen.add(character);
    return character;
  });
  if (characters.length === 0) throw new TokenizerFormatError("characters", "is empty");
  return new CharacterTokenizer(characters);
}

function readOwn(file: Fields): Tokenizer {
  const version = file.muladd;
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
    throw new TokenizerFormatError("muladd", `is ${describe(version)}, not a format version`);
  if (version > FORMAT)
    throw new TokenizerFormatError(
      "muladd",
      `format version ${version} is newer than ${FORMAT}, the newest that this version reads`,
      "update @muladd/tokenizer",
    );
  const type = string(file.type, "type");
  if (type === "characters") return readCharacters(file);
  if (type === "bytes") return new ByteTokenizer();
  throw new TokenizerFormatError("type", `${describe(type)} is neither "characters" nor "bytes"`);
}

/**
 * Reads what `toJSON` wrote, and a Hugging Face `tokenizer.json` of BPE, such as GPT-2's, Llama's, Qwen's and SmolLM's.
 * `json`: the parsed value, or the text of the file. Throws {@link TokenizerFormatError} naming the field that is wrong, is from a
 * newer version, or asks for a part that is not supported.
 */
export function loadTokenizer(json: unknown): Tokenizer {
  const file = object(typeof json === "string" ? parse(json) : json, "(whole file)");
  if ("muladd" in file) return readOwn(file);
  if ("model" in file) return new BPETokenizer(readHuggingFace(file));
  throw new TokenizerFormatError(
    "(whole file)",
    'is not a tokenizer: it has neither a "model" (Hugging Face) nor a "muladd" field',
    "pass a tokenizer.json",
  );
}
