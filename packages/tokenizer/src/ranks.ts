import { hashOf } from "./byte-table.ts";
import { Merger, rankedMerges } from "./merge.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * The merges of a vocabulary whose ids are ranks: each token of several bytes is what the merges before its own make of
 * its bytes, two parts. Returns (left, right, result) of each. Throws RangeError for a token that has no two parts.
 */
export function mergesOf({ table }: Vocabulary): Int32Array {
  const merges = rankedMerges(table);
  const merger = new Merger(merges);
  const { bytes, starts } = table;
  const triples: number[] = [];
  for (let id = 0; id < table.size; id++) {
    const [from, to] = [starts[id]!, starts[id + 1]!];
    // Specials are not findable: no text becomes them.
    if (to - from < 2 || table.find(bytes, from, to, hashOf(bytes, from, to)) !== id) continue;
    merger.reserve(to - from);
    for (let i = from; i < to; i++) {
      merger.ids[i - from] = table.find(bytes, i, i + 1, hashOf(bytes, i, i + 1));
      merger.starts[i - from] = i;
    }
    merger.starts[to - from] = to;
    merges.below = id;
    if (merger.merge(bytes, to - from) !== 2)
      throw new RangeError(`token ${id} is not the merge of two tokens before it`);
    triples.push(merger.ids[0]!, merger.ids[1]!, id);
  }
  return Int32Array.from(triples);
}
