import type { BPEModel } from "../bpe-tokenizer.ts";
import { toByteLevel } from "../byte-level.ts";
import { type HuggingFaceJSON, type PartJSON, VERSION } from "../format.ts";
import { GPT2, type Pretokenizer } from "../pretokenizer.ts";
import { mergesOf } from "../ranks.ts";
import { patternForFile } from "./patterns.ts";

/** The names of all ids, and the added tokens, of a model that was not read from a file. */
function named({ vocabulary, specials }: BPEModel): {
  names: (string | undefined)[];
  added: PartJSON[];
} {
  const names = Array.from({ length: vocabulary.size }, (_, id) =>
    vocabulary.holes.has(id) ? undefined : toByteLevel(vocabulary.bytes(id)),
  );
  const byId = new Map<number, string>();
  // An id has one name in such a file: the first.
  for (const [content, id] of specials) if (!byId.has(id)) byId.set(id, content);
  const ordinary = new Set(names);
  for (const [id, content] of byId) {
    if (names[id] !== content && ordinary.has(content))
      throw new RangeError(
        `toJSON: ${JSON.stringify(content)} names the special token ${id} and an ordinary one, which a tokenizer.json cannot hold`,
      );
    names[id] = content;
  }
  const added = [...byId]
    .sort(([a], [b]) => a - b)
    .map(([id, content]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    }));
  return { names, added };
}

/** The settings of a model that asks for nothing but BPE, in the order in which Python writes them. */
export const PLAIN_BPE = {
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

const byteLevel = (add_prefix_space: boolean, use_regex: boolean): PartJSON => ({
  type: "ByteLevel",
  add_prefix_space,
  trim_offsets: true,
  use_regex,
});

/** The `pre_tokenizer` of a pattern: GPT-2's is ByteLevel's own. */
export const preTokenizerJSON = (pretokenizer: Pretokenizer): PartJSON =>
  pretokenizer.pattern === GPT2.pattern
    ? byteLevel(false, true)
    : {
        type: "Sequence",
        pretokenizers: [
          {
            type: "Split",
            pattern: { Regex: patternForFile(pretokenizer) },
            behavior: "Isolated",
            invert: false,
          },
          byteLevel(false, false),
        ],
      };

/**
 * The `tokenizer.json` of `model`, equal to what Python `tokenizers` writes for it; a model that was read from a file has
 * that file's parts. Throws RangeError when a token of ranks is not the merge of two others.
 */
export function writeHuggingFace(model: BPEModel): HuggingFaceJSON {
  const { vocabulary, merges = mergesOf(vocabulary), wholePieces, file } = model;
  const { names, added } = file ? { names: file.names, added: file.added_tokens } : named(model);
  const vocab: { [token: string]: number } = Object.fromEntries(
    names.flatMap((name, id) => (name === undefined ? [] : [[name, id]])),
  );
  const pairs: [string, string][] = [];
  for (let i = 0; i < merges.length; i += 3)
    pairs.push([names[merges[i]!]!, names[merges[i + 1]!]!]);
  return {
    version: VERSION,
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: file?.normalizer ?? null,
    pre_tokenizer: file ? file.pre_tokenizer : preTokenizerJSON(model.pretokenizer),
    post_processor: file?.post_processor ?? null,
    // Of its three settings none changes what a ByteLevel decoder does; they are its defaults.
    decoder: file?.decoder ?? byteLevel(true, true),
    model: {
      ...PLAIN_BPE,
      ignore_merges: wholePieces,
      ...file?.model,
      vocab,
      merges: pairs,
    },
  };
}
