import { BPETokenizer } from "./bpe-tokenizer.ts";
import { ALPHABET, fromByteLevel, toByteLevel } from "./byte-level.ts";
import { learnMerges, type Words } from "./learn.ts";
import { MAX_MERGES } from "./merge.ts";
import { GPT2 } from "./pretokenizer.ts";
import { gpt2 } from "./scan/gpt2.ts";
import { couldBeLearned, specialProblem } from "./specials.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";
import { Vocabulary } from "./vocabulary.ts";

/** How far {@link trainBPE} is. */
export interface TrainProgress {
  /** `counting` pieces of text comes first, `merging` second. */
  readonly phase: "counting" | "merging";
  /** counting: UTF-16 units read. merging: tokens in the vocabulary. */
  readonly done: number;
  /** The value of `done` at the end; merging may end sooner. Undefined while the length of the text is not known. */
  readonly total: number | undefined;
}

/** What {@link trainBPE} is asked for. */
export interface TrainOptions {
  /** Tokens wanted: the specials, 256 bytes, and one for each merge. */
  readonly vocabulary: number;
  /** Pairs rarer than this are not merged. Default 1. */
  readonly minFrequency?: number | undefined;
  /** Special tokens, which get the first ids. Default: none. */
  readonly specials?: readonly string[] | undefined;
  /** Called about once per million characters and per hundred merges, and at the end of each phase. */
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined;
  /** Looked at before each progress report; training blocks, so abort from `onProgress`. */
  readonly signal?: AbortSignal | undefined;
}

const REPORT_UNITS = 1 << 20;
const REPORT_MERGES = 100;

function check({ vocabulary, minFrequency = 1, specials = [] }: TrainOptions): void {
  for (const [i, special] of specials.entries()) {
    const problem =
      specialProblem(special) ??
      (couldBeLearned(special) ? "could be learned from text like any word" : undefined) ??
      (specials.indexOf(special) < i ? "is listed twice" : undefined);
    if (problem)
      throw new RangeError(
        `trainBPE: special token ${JSON.stringify(special)} ${problem}; name it like <|endoftext|>`,
      );
  }
  const least = 256 + specials.length;
  const needs = specials.length > 0 ? ` and ${specials.length} special tokens` : "";
  if (!Number.isInteger(vocabulary) || vocabulary < least)
    throw new RangeError(
      `trainBPE: a vocabulary of ${vocabulary} cannot hold the 256 bytes${needs}; ask for ${least} or more`,
    );
  if (vocabulary > MAX_MERGES)
    throw new RangeError(
      `trainBPE: a vocabulary of ${vocabulary} is above the limit of ${MAX_MERGES}`,
    );
  if (!Number.isInteger(minFrequency) || minFrequency < 0)
    throw new RangeError(`trainBPE: minFrequency ${minFrequency} is not an integer of 0 or more`);
}

/** The distinct pieces of the texts. `idOfByte`: the id of each byte. `report`: called with the UTF-16 units read. */
function countPieces(
  texts: Iterable<string>,
  idOfByte: Int32Array,
  report: (units: number) => void,
): Words {
  const words = new Map<string, number>();
  const counts: number[] = [];
  const starts: number[] = [];
  let ids = new Int32Array(1 << 12);
  let length = 0;

  const add = (piece: string): void => {
    const bytes = encodeUtf8(piece);
    // A copy: the slice itself would keep its whole text in memory. Lone surrogates are U+FFFD from here on.
    const name = decodeUtf8(bytes);
    const known = words.get(name);
    if (known !== undefined) {
      counts[known]!++;
      return;
    }
    words.set(name, counts.length);
    counts.push(1);
    starts.push(length);
    if (length + bytes.length > ids.length) {
      const larger = new Int32Array(Math.max(2 * ids.length, length + bytes.length));
      larger.set(ids);
      ids = larger;
    }
    for (const byte of bytes) ids[length++] = idOfByte[byte]!;
  };

  let read = 0;
  let reported = 0;
  for (const text of texts) {
    const bytes = encodeUtf8(text);
    for (let from = 0; from < bytes.length; ) {
      const to = gpt2(bytes, from, bytes.length);
      const piece = decodeUtf8(bytes.subarray(from, to));
      const known = words.get(piece);
      if (known === undefined) add(piece);
      else counts[known]!++;
      read += piece.length;
      from = to;
      if (read - reported >= REPORT_UNITS) {
        report(read);
        reported = read;
      }
    }
  }
  report(read);
  return {
    ids,
    starts: Int32Array.from(starts),
    lengths: Int32Array.from(starts, (start, word) => (starts[word + 1] ?? length) - start),
    counts: Float64Array.from(counts),
  };
}

/**
 * Learns a byte-level BPE from text cut by GPT-2's pattern. Ids: specials in their order, the 256 bytes in the order of
 * their byte-level characters, then merges, the most frequent pair first, of equals the one with the smallest (left
 * id, right id): what the `BpeTrainer` of Hugging Face tokenizers learns with the full byte alphabet. Specials that
 * occur in the text are text here. Each string of an iterable is a text of its own; none is kept.
 *
 * The vocabulary is smaller than asked for when the text runs out of pairs. Throws RangeError when the text is empty
 * or an option is out of range, and the signal's reason when it is aborted.
 */
export function trainBPE(text: string | Iterable<string>, options: TrainOptions): BPETokenizer {
  check(options);
  const { vocabulary, minFrequency = 1, specials = [], onProgress, signal } = options;
  const report = (progress: TrainProgress): void => {
    signal?.throwIfAborted();
    onProgress?.(progress);
  };

  const names = [...specials, ...ALPHABET.map((byte) => toByteLevel(Uint8Array.of(byte)))];
  const idOfByte = new Int32Array(256);
  for (const [i, byte] of ALPHABET.entries()) idOfByte[byte] = specials.length + i;

  const one = typeof text === "string";
  const words = countPieces(one ? [text] : text, idOfByte, (done) =>
    report({ phase: "counting", done, total: one ? text.length : undefined }),
  );
  if (words.counts.length === 0)
    throw new RangeError("trainBPE: the text is empty; pass text like that to be encoded");

  let learned = 0;
  const merges = learnMerges(names, words, vocabulary, minFrequency, () => {
    if (++learned % REPORT_MERGES === 0)
      report({ phase: "merging", done: names.length, total: vocabulary });
  });
  report({ phase: "merging", done: names.length, total: vocabulary });

  return new BPETokenizer({
    vocabulary: Vocabulary.of(
      names.map((name, id) => (id < specials.length ? encodeUtf8(name) : fromByteLevel(name))),
      new Set(specials.keys()),
    ),
    merges,
    wholePieces: false,
    pretokenizer: GPT2,
    specials: new Map(specials.map((special, id) => [special, id])),
  });
}
