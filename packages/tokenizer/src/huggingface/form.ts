import type { BPEForm } from "../bpe-tokenizer.ts";
import type { HuggingFaceJSON } from "../format.ts";
import { listedMerges, rankedMerges } from "../merge.ts";
import { writeHuggingFace } from "./write.ts";

/** A list of merges, or ranks that one follows from, saved as a tokenizer.json. */
export const LISTED: BPEForm<HuggingFaceJSON> = {
  merges: ({ merges, vocabulary, specials }) =>
    merges ? listedMerges(merges, new Set(specials.values())) : rankedMerges(vocabulary.table),
  save: writeHuggingFace,
};
