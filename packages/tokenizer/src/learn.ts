import { Heap } from "./heap.ts";

/** Distinct pieces as ids, one after the other, and how often each occurs. */
export interface Words {
  /** The ids of all words. Merging shortens each word in place. */
  readonly ids: Int32Array;
  /** Where word `w` begins in `ids`. */
  readonly starts: Int32Array;
  /** How many ids word `w` still has. */
  readonly lengths: Int32Array;
  /** How often word `w` occurs. */
  readonly counts: Float64Array;
}

/** A pair of ids, as left · vocabulary + right, and the words in which it was seen to appear. */
interface Candidate {
  readonly pair: number;
  count: number;
  readonly words: readonly number[];
}

/** More frequent first; of equals the one with the smaller left id, then the smaller right id. */
const before = (a: Candidate, b: Candidate): boolean =>
  a.count > b.count || (a.count === b.count && a.pair < b.pair);

/**
 * Learns merges until there are `vocabulary` tokens, or no pair occurs `minFrequency` times. `names[id]` is the text of
 * each token so far; new ones are appended. No token is made twice: two neighbours are also how the text they
 * spell is segmented on its own, so only one pair can spell it. Returns (left, right, result) of each merge, in order.
 *
 * The order is that of Hugging Face tokenizers: a stale candidate goes back into the queue with its present count.
 * https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/models/bpe/trainer.rs
 */
export function learnMerges(
  names: string[],
  words: Words,
  vocabulary: number,
  minFrequency: number,
  onMerge: () => void,
): Int32Array {
  const { ids, starts, lengths, counts } = words;
  const pairCounts = new Map<number, number>();
  const grown = new Map<number, number[]>(); // pairs that appeared since the last enqueue, and in which words
  const queue = new Heap<Candidate>(before);

  const change = (left: number, right: number, amount: number, word: number): void => {
    const pair = left * vocabulary + right;
    pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + amount);
    if (amount < 0) return;
    const seen = grown.get(pair);
    if (!seen) grown.set(pair, [word]);
    else if (seen[seen.length - 1] !== word) seen.push(word);
  };

  const enqueue = (): void => {
    for (const [pair, seen] of grown) {
      const count = pairCounts.get(pair)!;
      if (count > 0) queue.push({ pair, count, words: seen });
    }
    grown.clear();
  };

  const merge = (word: number, left: number, right: number, result: number): void => {
    const count = counts[word]!;
    const end = starts[word]! + lengths[word]!;
    let to = starts[word]!;
    for (let from = to; from < end; ) {
      if (ids[from] !== left || from + 1 >= end || ids[from + 1] !== right) {
        ids[to++] = ids[from++]!;
        continue;
      }
      if (to > starts[word]!) {
        change(ids[to - 1]!, left, -count, word);
        change(ids[to - 1]!, result, count, word);
      }
      ids[to++] = result;
      from += 2;
      if (from < end) {
        change(right, ids[from]!, -count, word);
        change(result, ids[from]!, count, word);
      }
    }
    lengths[word] = to - starts[word]!;
  };

  for (let word = 0; word < counts.length; word++) {
    const end = starts[word]! + lengths[word]! - 1;
    for (let i = starts[word]!; i < end; i++) change(ids[i]!, ids[i + 1]!, counts[word]!, word);
  }
  enqueue();

  const merges: number[] = [];
  while (names.length < vocabulary) {
    const top = queue.pop();
    if (!top) break;
    const count = pairCounts.get(top.pair)!;
    if (top.count !== count) {
      top.count = count;
      queue.push(top);
      continue;
    }
    if (count < Math.max(1, minFrequency)) break;
    const left = Math.floor(top.pair / vocabulary);
    const right = top.pair % vocabulary;
    const result = names.length;
    names.push(names[left]! + names[right]!);
    merges.push(left, right, result);
    for (const word of top.words) merge(word, left, right, result);
    enqueue();
    onMerge();
  }
  return Int32Array.from(merges);
}
