import { MAX_MERGES } from "./merge.ts";
import { GPT2, type Pretokenizer } from "./pretokenizer.ts";
import { couldBeLearned, specialProblem } from "./specials.ts";

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
  /** Special tokens. Default: none. */
  readonly specials?: readonly string[] | undefined;
  /** How text is cut; no token goes across a cut. Default {@link GPT2}. */
  readonly pretokenizer?: Pretokenizer | undefined;
  /**
   * How ids are given out; of equally frequent pairs the one with the smallest (left id, right id) is merged first.
   * `"hf"`, the default, as Hugging Face's trainer: the specials, the 256 bytes in the order of their byte-level
   * characters, the merges. `"byte"`, as rustbpe, https://github.com/karpathy/rustbpe: the bytes by their values, the
   * merges, the specials, so that ids are ranks and `writeTiktoken` can write them.
   */
  readonly order?: "hf" | "byte" | undefined;
  /** Bytes of the longest token. Default: no limit. Hugging Face's `max_token_length` is one more. */
  readonly maxTokenLength?: number | undefined;
  /**
   * Distinct pieces to count, which bounds memory on endless text. When one more comes, the rarer half is forgotten,
   * so counts of rare pieces are then too low. Default: no limit.
   */
  readonly maxWords?: number | undefined;
  /** Called about once per million characters and per hundred merges, and at the end of each phase. */
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined;
  /** Looked at before each progress report, and with each part of a stream; merging blocks, so abort from `onProgress`. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws RangeError for an option that is out of range. */
export function checkOptions(options: TrainOptions): void {
  const { vocabulary, minFrequency = 1, specials = [], pretokenizer = GPT2 } = options;
  for (const [i, special] of specials.entries()) {
    const problem =
      specialProblem(special) ??
      (couldBeLearned(special, pretokenizer)
        ? "could be learned from text like any word"
        : undefined) ??
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
  for (const name of ["maxTokenLength", "maxWords"] as const) {
    const { [name]: value = Infinity } = options;
    if (value !== Infinity && (!Number.isInteger(value) || value < 2))
      throw new RangeError(
        `trainBPE: ${name} ${value} is not an integer of 2 or more; leave it out for no limit`,
      );
  }
  const { order = "hf" } = options;
  if (order !== "hf" && order !== "byte")
    throw new RangeError(`trainBPE: order ${JSON.stringify(order)} is neither "hf" nor "byte"`);
}
