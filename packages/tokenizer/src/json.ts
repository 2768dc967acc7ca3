import { BPETokenizer } from "./bpe-tokenizer.ts";
import { ByteTokenizer } from "./bytes.ts";
import { CharacterTokenizer } from "./characters.ts";
import { TokenizerFormatError } from "./errors.ts";
import { array, describe, type Fields, id, object, string } from "./fields.ts";
import { FORMAT } from "./format.ts";
import { LISTED } from "./huggingface/form.ts";
import { charactersOf, isBytes } from "./huggingface/plain.ts";
import { readHuggingFace } from "./huggingface/read.ts";
import { compilePattern } from "./pattern/split.ts";
import { NAMED } from "./patterns.ts";
import type { Pretokenizer } from "./pretokenizer.ts";
import { contentProblem } from "./specials.ts";
import { MOST_HOLES, tiktoken } from "./tiktoken.ts";
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

function readPattern(pattern: string): Pretokenizer {
  const known = NAMED.get(pattern);
  if (known) return known;
  const how = { behavior: "Isolated", invert: false, field: "pattern" } as const;
  const { scanner, boundary } = compilePattern(pattern, how);
  return { pattern, scanners: [scanner], boundary };
}

function readTiktoken(file: Fields): Tokenizer {
  const ranks = string(file.ranks, "ranks");
  const specials = Object.entries(object(file.specials, "specials")).map(
    ([content, value]): [string, number] => {
      const path = `specials[${describe(content)}]`;
      const problem = contentProblem(content);
      if (problem) throw new TokenizerFormatError(path, problem);
      // Memory for each id below: a rank is a character at least.
      if (id(value, path) > ranks.length + MOST_HOLES)
        throw new TokenizerFormatError(path, `id ${value} leaves gaps: there are fewer ranks`);
      return [content, id(value, path)];
    },
  );
  const pretokenizer = readPattern(string(file.pattern, "pattern"));
  return tiktoken(ranks, { pretokenizer, specials: new Map(specials) });
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
  if (type === "tiktoken") return readTiktoken(file);
  throw new TokenizerFormatError(
    "type",
    `${describe(type)} is none of "characters", "bytes" and "tiktoken"`,
  );
}

/**
 * Reads what `toJSON` wrote, and a Hugging Face `tokenizer.json` of BPE, such as GPT-2's, Llama's, Qwen's and SmolLM's.
 * `json`: the parsed value, or the text of the file. Throws {@link TokenizerFormatError} naming the field that is wrong, is from a
 * newer version, or asks for a part that is not supported.
 */
export function loadTokenizer(json: unknown): Tokenizer {
  const file = object(typeof json === "string" ? parse(json) : json, "(whole file)");
  if ("muladd" in file) return readOwn(file);
  const characters = charactersOf(file);
  if (characters) return new CharacterTokenizer(characters);
  if (isBytes(file)) return new ByteTokenizer();
  if ("model" in file) return new BPETokenizer(readHuggingFace(file), LISTED);
  throw new TokenizerFormatError(
    "(whole file)",
    'is not a tokenizer: it has neither a "model" (Hugging Face) nor a "muladd" field',
    "pass a tokenizer.json",
  );
}
