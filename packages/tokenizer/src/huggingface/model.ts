import { ALPHABET, toByteLevel } from "../byte-level.ts";
import { TokenizerFormatError } from "../errors.ts";
import { array, describe, type Fields, id, object, string } from "../fields.ts";
import { MAX_MERGES } from "../merge.ts";
import { ABSENT, Pairs } from "../pairs.ts";
import type { AddedToken } from "./added-tokens.ts";
import { flag, only, unsupported } from "./part.ts";

/** Ids that no token has, at most, between those that tokens have. */
const MOST_HOLES = 65_536;

/** What the `model` of a tokenizer.json holds. */
export interface FileModel {
  readonly vocab: ReadonlyMap<string, number>;
  /** (left, right, result) of each merge, first merge first. */
  readonly merges: Int32Array;
  readonly unknown: number | undefined;
  readonly fuse: boolean;
  /** Ids of `<0x00>` … `<0xFF>`, where they stand for bytes. */
  readonly bytes: Int32Array | undefined;
  readonly wholePieces: boolean;
}

/** Why a token of the vocabulary cannot have the id `value`. `count`: how many tokens there are. */
function badId(value: unknown, path: string, count: number): TokenizerFormatError {
  const token = id(value, path);
  return token > count + MOST_HOLES
    ? new TokenizerFormatError(path, `id ${token} leaves gaps: there are only ${count} tokens`)
    : new TokenizerFormatError(path, `id ${token} belongs to another token too`);
}

function readVocab(value: unknown): Map<string, number> {
  const vocab = new Map<string, number>();
  const taken = new Set<number>();
  const entries = Object.entries(object(value, "model.vocab"));
  const most = entries.length + MOST_HOLES;
  for (const [name, number] of entries) {
    const path = () => `model.vocab[${JSON.stringify(name)}]`;
    const token = Number.isInteger(number) ? Number(number) : -1;
    if (token < 0 || taken.has(token) || token > most) throw badId(number, path(), entries.length);
    taken.add(token);
    vocab.set(name, token);
  }
  if (vocab.size === 0) throw new TokenizerFormatError("model.vocab", "is empty");
  return vocab;
}

/** "left right" until tokenizers 0.20, ["left", "right"] since. */
function pairOf(merge: unknown, rank: number): readonly [string, string] {
  const path = `model.merges[${rank}]`;
  const both = typeof merge === "string" ? merge.split(" ") : array(merge, path);
  if (both.length !== 2)
    throw new TokenizerFormatError(path, `has ${both.length} parts, and a merge has two`);
  const [left, right] = [string(both[0], path), string(both[1], path)];
  if (left === "" || right === "")
    throw new TokenizerFormatError(path, "has an empty part, so that its result is its other part");
  return [left, right];
}

function readMerges(value: unknown, vocab: ReadonlyMap<string, number>): Int32Array {
  let list = array(value, "model.merges");
  // merges.txt begins so, and old files took it over.
  if (typeof list[0] === "string" && list[0].startsWith("#version")) list = list.slice(1);
  if (list.length > MAX_MERGES)
    throw unsupported("model.merges", value, `at most ${MAX_MERGES} merges`);
  const triples = new Int32Array(3 * list.length);
  const seen = new Pairs(list.length);
  const tokenOf = (name: string, rank: number): number => {
    const token = vocab.get(name);
    if (token !== undefined) return token;
    const path = `model.merges[${rank}]`;
    throw new TokenizerFormatError(path, `${JSON.stringify(name)} is not in model.vocab`);
  };
  for (const [rank, merge] of list.entries()) {
    const names = pairOf(merge, rank);
    const [left, right] = [tokenOf(names[0], rank), tokenOf(names[1], rank)];
    const result = tokenOf(names[0] + names[1], rank);
    if (seen.rank(left, right) !== ABSENT)
      throw new TokenizerFormatError(
        `model.merges[${rank}]`,
        `${JSON.stringify(names)} is there twice`,
      );
    seen.add(left, right, rank);
    triples.set([left, right, result], 3 * rank);
  }
  return triples;
}

/** Bytes that UTF-8 can hold. */
const inUtf8 = (byte: number): boolean => byte < 0xc0 || (byte > 0xc1 && byte < 0xf5);

const byteName = (byte: number): string =>
  `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/** `<0x00>` … `<0xFF>`: all that UTF-8 needs, or none, in which case they stand for nothing. */
function readByteTokens(vocab: ReadonlyMap<string, number>): Int32Array | undefined {
  const ids = Int32Array.from({ length: 256 }, (_, byte) => vocab.get(byteName(byte)) ?? -1);
  if (ids.every((token) => token < 0)) return undefined;
  const missing = ids.findIndex((token, byte) => token < 0 && inUtf8(byte));
  if (missing < 0) return ids;
  throw new TokenizerFormatError(
    "model.vocab",
    `byte_fallback is true, and ${byteName(missing)} has no id`,
  );
}

/** The first byte of UTF-8 that has no token in a byte-level vocabulary. */
export const missingByte = (vocab: ReadonlyMap<string, number>): number | undefined =>
  ALPHABET.find((byte) => inUtf8(byte) && !vocab.has(toByteLevel(Uint8Array.of(byte))));

/** Throws when there is a character that neither is a token nor becomes others. */
function checkComplete({ vocab, unknown, bytes }: FileModel, byteLevel: boolean): void {
  if (byteLevel) {
    const missing = missingByte(vocab);
    if (missing === undefined || (unknown !== undefined && !bytes)) return;
    const name = JSON.stringify(toByteLevel(Uint8Array.of(missing)));
    throw new TokenizerFormatError("model.vocab", `byte ${missing} (${name}) has no id`);
  }
  if (unknown === undefined && !bytes)
    throw new TokenizerFormatError(
      "model.unk_token",
      "is no token of the vocabulary, and there are neither byte tokens nor ByteLevel: characters without a token would be lost",
      'name a token such as "<unk>" there',
    );
}

/** The `model` of a tokenizer.json. Throws {@link TokenizerFormatError}. */
export function readModel(model: Fields, byteLevel: boolean): FileModel {
  if (model.type !== undefined && model.type !== "BPE")
    throw unsupported("model.type", model.type, '"BPE"');
  only(model, "dropout", "model.dropout", [0]);
  only(model, "continuing_subword_prefix", "model.continuing_subword_prefix", [""]);
  only(model, "end_of_word_suffix", "model.end_of_word_suffix", [""]);
  const vocab = readVocab(model.vocab);
  const { unk_token } = model;
  const name = unk_token === undefined || unk_token === null ? undefined : unk_token;
  const unknown = name === undefined ? undefined : vocab.get(string(name, "model.unk_token"));
  const read: FileModel = {
    vocab,
    merges: readMerges(model.merges, vocab),
    unknown,
    fuse: flag(model, "fuse_unk", "model", false),
    bytes: flag(model, "byte_fallback", "model", false) ? readByteTokens(vocab) : undefined,
    wholePieces: flag(model, "ignore_merges", "model", false),
  };
  checkComplete(read, byteLevel);
  return read;
}

/** The names of all ids, added tokens' too. Throws where Python would give an added token another id. */
export function namesOf(
  vocab: ReadonlyMap<string, number>,
  added: readonly AddedToken[],
): readonly (string | undefined)[] {
  const names: (string | undefined)[] = [];
  for (const [name, token] of vocab) {
    while (names.length <= token) names.push(undefined);
    names[token] = name;
  }
  let next = vocab.size;
  for (const [i, { id: token, content }] of added.entries()) {
    const path = `added_tokens[${i}].id`;
    const listed = vocab.get(content);
    if (listed !== undefined && listed !== token)
      throw new TokenizerFormatError(
        path,
        `is ${token}, but model.vocab has ${describe(content)} as ${listed}`,
      );
    if (listed !== undefined) continue;
    if (names[token] !== undefined)
      throw new TokenizerFormatError(path, `id ${token} belongs to another token too`);
    if (token !== next)
      throw new TokenizerFormatError(
        path,
        `is ${token}, which leaves gaps: the next id is ${next}, and Python would give it that`,
        "list added tokens in the order of their ids, or put this one into model.vocab",
      );
    next++;
    while (names.length <= token) names.push(undefined);
    names[token] = content;
  }
  return names;
}
