import { type AnyBPE, BPETokenizer } from "./bpe-tokenizer.ts";
import { TokenizerFormatError } from "./errors.ts";
import { object } from "./fields.ts";
import { VERSION } from "./format.ts";
import { LISTED } from "./huggingface/form.ts";
import { readHuggingFace } from "./huggingface/read.ts";
import { preTokenizerJSON, writeHuggingFace } from "./huggingface/write.ts";
import { GPT2, type Pretokenizer } from "./pretokenizer.ts";

/** What the two files do not say. */
export interface VocabMergesOptions {
  /** How text is cut. Default: GPT-2's pattern. */
  readonly pretokenizer?: Pretokenizer | undefined;
  /** Special tokens; those that are not in the vocabulary get the ids after it, in this order. Default: none. */
  readonly specials?: readonly string[] | undefined;
}

/** The two files of a byte-level BPE, as GPT-2 came. */
export interface VocabMerges {
  /** `vocab.json`: an object of token → id, in byte-level characters. */
  readonly vocab: string;
  /** `merges.txt`: `#version: 0.2`, then a merge a line, its two parts between a space, first merge first. */
  readonly merges: string;
}

function parse(vocab: string): unknown {
  try {
    return JSON.parse(vocab);
  } catch (cause) {
    throw new TokenizerFormatError("vocab.json", `is not JSON (${(cause as Error).message})`);
  }
}

/**
 * Reads `vocab.json` and `merges.txt`, given as their texts. Throws {@link TokenizerFormatError} naming what is wrong:
 * `model.vocab` is the first file, `model.merges[i]` the merge `i` of the second.
 */
export function readVocabMerges(
  vocab: string,
  merges: string,
  { pretokenizer = GPT2, specials = [] }: VocabMergesOptions = {},
): BPETokenizer {
  const ids = object(parse(vocab), "vocab.json");
  let next = Object.keys(ids).length;
  const added = specials.map((content) => ({
    id: Object.hasOwn(ids, content) ? ids[content] : next++,
    content,
    special: true,
  }));
  const lines = merges.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const model = readHuggingFace({
    version: VERSION,
    added_tokens: added,
    pre_tokenizer: preTokenizerJSON(pretokenizer),
    decoder: { type: "ByteLevel" },
    model: { vocab: ids, merges: lines },
  });
  return new BPETokenizer({ ...model, pretokenizer, file: undefined }, LISTED);
}

/** Writes `vocab.json` and `merges.txt`. Throws RangeError for a tokenizer whose tokens are not byte-level. */
export function writeVocabMerges(tokenizer: AnyBPE): VocabMerges {
  if (tokenizer.model.pipeline)
    throw new RangeError(
      "writeVocabMerges: vocab.json and merges.txt cannot say what this tokenizer does around BPE; write toJSON()",
    );
  const { model } = writeHuggingFace(tokenizer.model);
  const lines = ["#version: 0.2", ...model.merges.map((pair) => pair.join(" "))];
  return { vocab: JSON.stringify(model.vocab), merges: `${lines.join("\n")}\n` };
}
