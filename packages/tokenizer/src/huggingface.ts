import type { BPEModel } from "./bpe-tokenizer.ts";
import { ALPHABET, fromByteLevel, toByteLevel } from "./byte-level.ts";
import { TokenizerFormatError } from "./errors.ts";
import { array, describe, type Fields, id, object, string } from "./fields.ts";
import type { AddedTokenJSON, HuggingFaceJSON } from "./format.ts";
import { MAX_MERGES } from "./merge.ts";
import { GPT2 } from "./pretokenizer.ts";
import { mergesOf } from "./ranks.ts";
import { specialProblem } from "./specials.ts";
import { encodeUtf8 } from "./utf8.ts";
import { Vocabulary } from "./vocabulary.ts";

const VERSION = "1.0";

/** The `tokenizer.json` of `model`, equal to what Python `tokenizers` writes for it. */
export function writeHuggingFace({
  vocabulary,
  merges = mergesOf(vocabulary),
  specials,
}: BPEModel): HuggingFaceJSON {
  const names = Array.from({ length: vocabulary.size }, (_, id) =>
    toByteLevel(vocabulary.bytes(id)),
  );
  for (const [content, special] of specials) names[special] = content;
  const added = [...specials]
    .map(([content, special]) => ({
      id: special,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    }))
    .sort((a, b) => a.id - b.id);
  const pairs: [string, string][] = [];
  for (let i = 0; i < merges.length; i += 3)
    pairs.push([names[merges[i]!]!, names[merges[i + 1]!]!]);
  return {
    version: VERSION,
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: "ByteLevel",
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: null,
    // Of these three none changes what a ByteLevel decoder does; they are its defaults.
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(names.map((name, id) => [name, id])),
      merges: pairs,
    },
  };
}

function unsupported(path: string, value: unknown, supported: string): TokenizerFormatError {
  return new TokenizerFormatError(
    path,
    `${describe(value)} is not supported`,
    `supported is ${supported}; read this tokenizer with the software that wrote it`,
  );
}

/** Throws unless `fields[name]` is absent, null or among `allowed`. */
function only(fields: Fields, name: string, path: string, allowed: readonly unknown[]): void {
  const value = fields[name];
  if (value === undefined || value === null || allowed.includes(value)) return;
  throw unsupported(
    path,
    value,
    ["null", ...allowed.map((one) => JSON.stringify(one))].join(" or "),
  );
}

/** Throws unless `value` is `{ type: "ByteLevel", … }`. */
function byteLevel(value: unknown, path: string): Fields {
  const fields = value === null || value === undefined ? {} : object(value, path);
  if (fields.type !== "ByteLevel") throw unsupported(`${path}.type`, fields.type, '"ByteLevel"');
  return fields;
}

/** Checks every part around the model that could change an id or a text. */
function checkPipeline(file: Fields): void {
  if (file.version !== VERSION) {
    const newer = typeof file.version === "string" && Number.parseFloat(file.version) > 1;
    throw new TokenizerFormatError(
      "version",
      `is ${describe(file.version)}, not "${VERSION}"${newer ? ", the newest that this version reads" : ""}`,
      newer ? "update @muladd/tokenizer" : undefined,
    );
  }
  for (const name of ["truncation", "padding", "normalizer"]) only(file, name, name, []);
  const before = byteLevel(file.pre_tokenizer, "pre_tokenizer");
  if (before.add_prefix_space !== false)
    throw unsupported("pre_tokenizer.add_prefix_space", before.add_prefix_space, "false");
  only(before, "use_regex", "pre_tokenizer.use_regex", [true]);
  // A ByteLevel post-processor moves offsets only.
  if (file.post_processor !== undefined && file.post_processor !== null)
    byteLevel(file.post_processor, "post_processor");
  byteLevel(file.decoder, "decoder");
}

/** Checks the settings of the model. `unk_token` and `fuse_unk` mean nothing here: no byte is unknown. */
function checkModel(model: Fields): void {
  if (model.type !== undefined && model.type !== "BPE")
    throw unsupported("model.type", model.type, '"BPE"');
  only(model, "dropout", "model.dropout", [0]);
  only(model, "continuing_subword_prefix", "model.continuing_subword_prefix", [""]);
  only(model, "end_of_word_suffix", "model.end_of_word_suffix", [""]);
  only(model, "byte_fallback", "model.byte_fallback", [false]);
  only(model, "ignore_merges", "model.ignore_merges", [false]);
}

function readAddedTokens(value: unknown): readonly Pick<AddedTokenJSON, "id" | "content">[] {
  const contents = new Set<string>();
  return array(value ?? [], "added_tokens").map((item, i) => {
    const path = `added_tokens[${i}]`;
    const token = object(item, path);
    const content = string(token.content, `${path}.content`);
    const problem = specialProblem(content);
    if (problem)
      throw new TokenizerFormatError(`${path}.content`, `${describe(content)} ${problem}`);
    if (contents.has(content))
      throw new TokenizerFormatError(`${path}.content`, `${describe(content)} is there twice`);
    contents.add(content);
    if (token.special !== true) throw unsupported(`${path}.special`, token.special, "true");
    for (const name of ["single_word", "lstrip", "rstrip"])
      only(token, name, `${path}.${name}`, [false]);
    return { id: id(token.id, `${path}.id`), content };
  });
}

/** Puts `bytes` at `at`, which must be free. */
function place(
  tokens: Uint8Array[],
  at: number,
  bytes: Uint8Array,
  path: string,
  size: number,
): void {
  if (at >= size)
    throw new TokenizerFormatError(path, `id ${at} leaves gaps: there are only ${size} tokens`);
  if (tokens[at]) throw new TokenizerFormatError(path, `id ${at} belongs to another token too`);
  tokens[at] = bytes;
}

function readMerges(
  value: unknown,
  vocab: ReadonlyMap<string, number>,
  specials: ReadonlyMap<string, number>,
): Int32Array {
  const list = array(value, "model.merges");
  if (list.length > MAX_MERGES)
    throw unsupported("model.merges", value, `at most ${MAX_MERGES} merges`);
  const triples = new Int32Array(3 * list.length);
  for (const [rank, merge] of list.entries()) {
    const path = `model.merges[${rank}]`;
    // "left right" until tokenizers 0.20, ["left", "right"] since.
    const parts = typeof merge === "string" ? merge.split(" ") : array(merge, path);
    if (parts.length !== 2)
      throw new TokenizerFormatError(path, `has ${parts.length} parts, and a merge has two`);
    const [left, right] = parts.map((part) => string(part, path)) as [string, string];
    for (const [i, name] of [left, right, left + right].entries()) {
      const token = vocab.get(name);
      if (token === undefined)
        throw new TokenizerFormatError(path, `${JSON.stringify(name)} is not in model.vocab`);
      triples[3 * rank + i] = token;
    }
    if (specials.has(left + right))
      throw unsupported(path, left + right, "a special token that ordinary text cannot become");
  }
  return triples;
}

/** Reads the fields of a `tokenizer.json`. Throws {@link TokenizerFormatError} naming the first that cannot be read. */
export function readHuggingFace(file: Fields): BPEModel {
  checkPipeline(file);
  const model = object(file.model, "model");
  checkModel(model);
  const added = readAddedTokens(file.added_tokens);
  const vocab = new Map<string, number>();
  for (const [name, value] of Object.entries(object(model.vocab, "model.vocab")))
    vocab.set(name, id(value, `model.vocab[${JSON.stringify(name)}]`));

  for (const byte of ALPHABET) {
    const name = toByteLevel(Uint8Array.of(byte));
    if (!vocab.has(name))
      throw new TokenizerFormatError(
        "model.vocab",
        `byte ${byte} (${JSON.stringify(name)}) has no id`,
      );
  }

  const specials = new Map(added.map(({ content, id }) => [content, id]));
  const size = vocab.size + added.filter(({ content }) => !vocab.has(content)).length;
  const tokens = new Array<Uint8Array>(size);
  for (const [i, { content, id }] of added.entries()) {
    const path = `added_tokens[${i}].id`;
    const listed = vocab.get(content);
    if (listed !== undefined && listed !== id)
      throw new TokenizerFormatError(
        path,
        `is ${id}, but model.vocab has ${describe(content)} as ${listed}`,
      );
    place(tokens, id, encodeUtf8(content), path, size);
  }
  for (const [name, id] of vocab) {
    if (specials.has(name)) continue;
    const path = `model.vocab[${JSON.stringify(name)}]`;
    const bytes = fromByteLevel(name);
    if (!bytes || bytes.length === 0)
      throw new TokenizerFormatError(path, "is not written in byte-level characters");
    place(tokens, id, bytes, path, size);
  }
  return {
    vocabulary: Vocabulary.of(tokens, new Set(specials.values())),
    merges: readMerges(model.merges, vocab, specials),
    wholePieces: false,
    pretokenizer: GPT2,
    specials,
  };
}
