import type { BPEModel } from "../bpe-tokenizer.ts";
import { fromByteLevel } from "../byte-level.ts";
import type { ByteTable } from "../byte-table.ts";
import { TokenizerFormatError } from "../errors.ts";
import { describe, type Fields, object } from "../fields.ts";
import { VERSION } from "../format.ts";
import type { FileParts } from "../pipeline.ts";
import type { Pretokenizer } from "../pretokenizer.ts";
import { beforeSeparator } from "../scan/separator.ts";
import { encodeUtf8 } from "../utf8.ts";
import { type Vocabulary, vocabularyOf } from "../vocabulary.ts";
import { type AddedToken, AddedTokens, readAddedTokens } from "./added-tokens.ts";
import type { Atoms } from "./atoms.ts";
import { ChainVocabulary } from "./chain-vocabulary.ts";
import { type DecoderChain, readDecoder } from "./decoders.ts";
import { type FileModel, missingByte, namesOf, readModel } from "./model.ts";
import { readNormalizer } from "./normalizers.ts";
import { only, unsupported } from "./part.ts";
import { makePipeline, type Stages } from "./pipeline.ts";
import { readPostProcessor } from "./post-processors.ts";
import { type PreTokenizer, readPreTokenizer } from "./pre-tokenizers.ts";

/** What sentencepiece writes for a space. */
const SEPARATOR = "▁";

function checkVersion(version: unknown): void {
  if (version === VERSION) return;
  const newer = typeof version === "string" && Number.parseFloat(version) > 1;
  throw new TokenizerFormatError(
    "version",
    `is ${describe(version)}, not "${VERSION}"${newer ? ", the newest that this version reads" : ""}`,
    newer ? "update @muladd/tokenizer" : undefined,
  );
}

/**
 * Names by id, and which of them text does not become: the specials, and added tokens that the model lacks. A character
 * of the model's is no special alone: text without it would have no tokens, and Hugging Face's model finds it.
 */
interface Named {
  readonly names: readonly (string | undefined)[];
  readonly hidden: ReadonlySet<number>;
}

/** What text becomes each token. */
function tableOf(
  { names, hidden }: Named,
  added: ReadonlySet<number>,
  byteLevel: boolean,
): Vocabulary {
  const tokens = names.map((name, id) => {
    if (name === undefined || !byteLevel) return name === undefined ? name : encodeUtf8(name);
    const bytes = fromByteLevel(name);
    if (bytes && bytes.length > 0) return bytes;
    if (added.has(id)) return encodeUtf8(name);
    throw new TokenizerFormatError(
      `model.vocab[${JSON.stringify(name)}]`,
      "is not written in byte-level characters",
    );
  });
  return vocabularyOf(tokens, hidden);
}

/** What each id becomes when it is decoded. */
function decodedVocabulary(
  encoded: Vocabulary,
  { names }: Named,
  added: readonly AddedToken[],
  chain: DecoderChain,
  byteLevel: boolean,
): Vocabulary {
  // Added tokens that are found in normalized text are decoded as what they were found as.
  const moved = added.filter(({ pattern, content }) => pattern !== content);
  const decoded = [...names];
  for (const { id, pattern } of moved) decoded[id] = pattern;
  if (!byteLevel || !chain.byteLevel) return new ChainVocabulary(decoded, chain);
  if (moved.length === 0) return encoded;
  const ids = new Set(added.map(({ id }) => id));
  return tableOf({ names: decoded, hidden: ids }, ids, byteLevel);
}

/**
 * The separator before whose runs a text that no pre-tokenizer cuts can be cut, because no token has one after another
 * character: then no merge goes over such a place.
 */
function implicitSeparator(
  { scanners, separator = SEPARATOR, byteLevel }: PreTokenizer,
  { vocab, merges, wholePieces }: FileModel,
  names: readonly (string | undefined)[],
): string | undefined {
  if (scanners.length > 0 || byteLevel || wholePieces || !vocab.has(separator)) return undefined;
  for (let at = 2; at < merges.length; at += 3) {
    const name = names[merges[at]!]!;
    const last = name.lastIndexOf(separator);
    if (last > 0 && name !== separator.repeat(name.length / separator.length)) {
      let start = 0;
      while (name.startsWith(separator, start)) start += separator.length;
      if (last > start) return undefined;
    }
  }
  return separator;
}

function atomsOf(model: FileModel, table: ByteTable, byteLevel: boolean): Atoms | undefined {
  const { unknown, fuse, bytes, vocab } = model;
  if (byteLevel && missingByte(vocab) === undefined) return undefined;
  return { single: byteLevel, table, bytes: byteLevel ? undefined : bytes, unknown, fuse };
}

/** Whether BPE alone, with specials as tiktoken finds them, does all that the file asks for. */
const isPlain = ({ added, normalizer, preTokenizer, postProcessor, atoms }: Stages): boolean =>
  !normalizer &&
  !preTokenizer.changes &&
  !preTokenizer.removes &&
  !atoms &&
  [...postProcessor.before, ...postProcessor.after, ...postProcessor.trims].length === 0 &&
  added.tokens.every(
    (token) => token.special && !token.leftBlanks && !token.rightBlanks && !token.singleWord,
  );

const copy = (value: unknown) => structuredClone(value ?? null) as FileParts["normalizer"];

function fileParts(file: Fields, model: Fields, names: Named["names"]): FileParts {
  const { vocab: _, merges: __, ...settings } = model;
  return {
    names,
    added_tokens: structuredClone(file.added_tokens ?? []) as FileParts["added_tokens"],
    normalizer: copy(file.normalizer),
    pre_tokenizer: copy(file.pre_tokenizer),
    post_processor: copy(file.post_processor),
    decoder: copy(file.decoder)!,
    model: structuredClone(settings),
  };
}

/** Reads the fields of a `tokenizer.json`. Throws {@link TokenizerFormatError} naming the first that cannot be read. */
export function readHuggingFace(file: Fields): BPEModel {
  checkVersion(file.version);
  for (const name of ["truncation", "padding"]) only(file, name, name, []);
  const normalizer = readNormalizer(file.normalizer);
  const preTokenizer = readPreTokenizer(file.pre_tokenizer);
  if (preTokenizer.asksStart && normalizer && !normalizer.keepsStart)
    throw unsupported("normalizer", file.normalizer, "null with a Metaspace that prepends first");
  const chain = readDecoder(file.decoder);
  const { byteLevel } = preTokenizer;
  const fields = object(file.model, "model");
  const model = readModel(fields, byteLevel);
  const tokens = readAddedTokens(file.added_tokens, normalizer);
  const added = new AddedTokens(tokens);
  const names = namesOf(model.vocab, tokens);
  const isCharacter = (name: string): boolean =>
    byteLevel ? fromByteLevel(name)?.length === 1 : [...name].length === 1;
  const lacked = tokens.filter(
    ({ special, content }) => !model.vocab.has(content) || (special && !isCharacter(content)),
  );
  const named = { names, hidden: new Set(lacked.map(({ id }) => id)) };
  const encoded = tableOf(named, new Set(added.ids.values()), byteLevel);
  const { table } = encoded;
  const separator = implicitSeparator(preTokenizer, model, names);
  const pretokenizer: Pretokenizer = {
    pattern: preTokenizer.pattern,
    scanners: separator ? [beforeSeparator(encodeUtf8(separator), true)] : preTokenizer.scanners,
    boundary: preTokenizer.boundary,
  };
  const stages: Stages = {
    added,
    normalizer,
    preTokenizer,
    separator: separator ?? preTokenizer.cutsBefore,
    postProcessor: readPostProcessor(file.post_processor, names.length),
    table,
    atoms: atomsOf(model, table, byteLevel),
    names,
  };
  return {
    vocabulary: decodedVocabulary(encoded, named, tokens, chain, byteLevel),
    merges: model.merges,
    wholePieces: model.wholePieces,
    pretokenizer,
    specials: added.specials,
    pipeline: isPlain(stages) && byteLevel && chain.byteLevel ? undefined : makePipeline(stages),
    file: fileParts(file, fields, names),
  };
}
