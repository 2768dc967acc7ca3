import { BPETokenizer } from "./bpe-tokenizer.ts";
import { ALPHABET, fromByteLevel } from "./byte-level.ts";
import { hashOf } from "./byte-table.ts";
import { LISTED } from "./huggingface/form.ts";
import { Learner } from "./learn.ts";
import { PieceCounter } from "./piece-counter.ts";
import { GPT2 } from "./pretokenizer.ts";
import { Utf8Stream } from "./stream.ts";
import { LONGEST_PIECE } from "./stream-encoder.ts";
import { checkOptions, type TrainOptions, type TrainProgress } from "./train-options.ts";
import { encodeUtf8 } from "./utf8.ts";
import { vocabularyOf } from "./vocabulary.ts";

const REPORT_UNITS = 1_000_000;
const REPORT_MERGES = 100;

function report({ signal, onProgress }: TrainOptions, progress: TrainProgress): void {
  signal?.throwIfAborted();
  onProgress?.(progress);
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

/** A counter that reports. `longest`: bytes of a piece that it may hold. `total`: UTF-16 units, if known. */
function counterFor(options: TrainOptions, longest: number, total?: number): PieceCounter {
  checkOptions(options);
  const { pretokenizer = GPT2, maxWords = Infinity } = options;
  let reported = 0;
  return new PieceCounter({ pretokenizer, maxWords, longest }, (done) => {
    if (done - reported < REPORT_UNITS) return;
    reported = done;
    report(options, { phase: "counting", done, total });
  });
}

/** The tokenizer that the pieces make. */
function learn(counter: PieceCounter, options: TrainOptions, total?: number): BPETokenizer {
  const { vocabulary: size, specials = [], pretokenizer = GPT2, order = "hf" } = options;
  const { minFrequency = 1, maxTokenLength = Infinity } = options;
  report(options, { phase: "counting", done: counter.units, total });
  if (counter.pieces.size === 0)
    throw new RangeError("trainBPE: the text is empty; pass text like that to be encoded");

  const bytes = order === "hf" ? ALPHABET : Array.from(ALPHABET).sort((a, b) => a - b);
  const tokens: Uint8Array[] = bytes.map((byte) => Uint8Array.of(byte));
  const learner = new Learner(counter, {
    tokenOfByte: Int32Array.from(tokens, (_, byte) => bytes.indexOf(byte)),
    tokens: size - specials.length,
    minFrequency: Math.max(1, minFrequency),
    maxTokenLength,
  });
  const progress = () => {
    const done = specials.length + tokens.length;
    report(options, { phase: "merging", done, total: size });
  };
  const first = order === "hf" ? specials.length : 0;
  const merges: number[] = [];
  while (learner.merge()) {
    const { left, right } = learner;
    merges.push(first + left, first + right, first + tokens.length);
    tokens.push(joined(tokens[left]!, tokens[right]!));
    if ((tokens.length - 256) % REPORT_MERGES === 0) progress();
  }
  progress();

  const contents = specials.map(encodeUtf8);
  const at = order === "hf" ? 0 : tokens.length;
  const ids = specials.map((_, i) => at + i);
  const vocabulary = vocabularyOf(
    order === "hf" ? [...contents, ...tokens] : [...tokens, ...contents],
    new Set(ids),
  );
  for (const [i, content] of contents.entries())
    if (
      fromByteLevel(specials[i]!) &&
      vocabulary.table.find(content, 0, content.length, hashOf(content, 0, content.length)) >= 0
    )
      throw new RangeError(
        `trainBPE: special token ${JSON.stringify(specials[i])} was learned from the text; name it like <|endoftext|>`,
      );
  return new BPETokenizer(
    {
      vocabulary,
      // Numbered by bytes and merges alone, ids are ranks.
      merges: order === "hf" ? Int32Array.from(merges) : undefined,
      wholePieces: order === "byte",
      pretokenizer,
      specials: new Map(specials.map((special, i) => [special, ids[i]!])),
    },
    LISTED,
  );
}

/**
 * Learns a byte-level BPE: what the `BpeTrainer` of Hugging Face tokenizers learns with the full byte alphabet, merge
 * for merge, or rustbpe (see {@link TrainOptions.order}). Specials that occur in the text are text here. Each string of
 * an iterable is a text of its own; none is kept.
 *
 * The vocabulary is smaller than asked for when the text runs out of pairs. Throws RangeError when the text is empty
 * or an option is out of range, and the signal's reason when it is aborted.
 */
export function trainBPE(text: string | Iterable<string>, options: TrainOptions): BPETokenizer {
  const total = typeof text === "string" ? text.length : undefined;
  const counter = counterFor(options, Infinity, total);
  for (const one of typeof text === "string" ? [text] : text) {
    counter.push(one);
    counter.end();
  }
  return learn(counter, options, total);
}

/**
 * As {@link trainBPE}, from one text that arrives in parts, cut anywhere: strings, or UTF-8, whose broken bytes are
 * read as U+FFFD. Holds a part and the distinct pieces (see {@link TrainOptions.maxWords}), so a file may be larger than
 * memory: `trainBPEStream(createReadStream(path), options)`.
 *
 * Rejects as `trainBPE` throws, and with RangeError after 16 MiB in which no piece is known to end.
 */
export async function trainBPEStream(
  parts: AsyncIterable<string | Uint8Array>,
  options: TrainOptions,
): Promise<BPETokenizer> {
  const counter = counterFor(options, LONGEST_PIECE);
  const utf8 = new Utf8Stream();
  for await (const part of parts) {
    options.signal?.throwIfAborted();
    counter.push(typeof part === "string" ? utf8.flush() + part : utf8.push(part));
  }
  counter.push(utf8.flush());
  counter.end();
  return learn(counter, options);
}
