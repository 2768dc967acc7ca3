/** Byte-level BPE by the definition: everything recounted for each merge. Oracle of the real trainer and encoder. */

/** GPT-2's pattern with White_Space for `\s`. */
export const PATTERN =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** A piece as one character per byte. */
export const byteString = (text: string): string =>
  String.fromCharCode(...new TextEncoder().encode(text));

/** The 256 bytes as one-character strings, in the order of their byte-level characters. */
export const ALPHABET: readonly string[] = (() => {
  const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const prints = (c: string) => /[\x21-\x7e\xa1-\xac\xae-\xff]/.test(c);
  return [...all.filter(prints), ...all.filter((c) => !prints(c))];
})();

/** Replaces each (left, right), left to right. */
function apply(word: readonly string[], left: string, right: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < word.length; i++) {
    if (word[i] === left && word[i + 1] === right) out.push(left + word[++i]!);
    else out.push(word[i]!);
  }
  return out;
}

/**
 * Merges as pairs of byte strings, up to `count` of them. Ties go to the smallest (left id, right id); `alphabet` are
 * the first 256 tokens by id.
 */
export function naiveTrain(
  texts: readonly string[],
  count: number,
  minFrequency = 1,
  { pattern = PATTERN, alphabet = ALPHABET, maxTokenLength = Infinity } = {},
): [string, string][] {
  let words = texts.flatMap((text) => (text.match(pattern) ?? []).map((p) => [...byteString(p)]));
  const ids = new Map(alphabet.map((token, id) => [token, id]));
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const counts = new Map<string, number>(); // key: "left id,right id"
    for (const word of words)
      for (let i = 0; i + 1 < word.length; i++) {
        if (word[i]!.length + word[i + 1]!.length > maxTokenLength) continue;
        const key = `${ids.get(word[i]!)},${ids.get(word[i + 1]!)}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    const [best] = [...counts]
      .map(([key, n]) => ({ n, pair: key.split(",").map(Number) as [number, number] }))
      .sort((a, b) => b.n - a.n || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1]);
    if (!best || best.n < minFrequency) break;
    const tokens = [...ids.keys()];
    const [left, right] = [tokens[best.pair[0]]!, tokens[best.pair[1]]!];
    merges.push([left, right]);
    ids.set(left + right, ids.get(left + right) ?? ids.size);
    words = words.map((word) => apply(word, left, right));
  }
  return merges;
}

/** Text → tokens as byte strings: for each piece, always the earliest merge that applies, leftmost first. */
export function naiveEncode(
  text: string,
  merges: readonly (readonly [string, string])[],
): string[] {
  return (text.match(PATTERN) ?? []).flatMap((piece) => {
    const word = [...byteString(piece)];
    for (;;) {
      let rank = merges.length;
      let at = -1;
      for (let i = 0; i + 1 < word.length; i++) {
        const found = merges.findIndex(([l, r]) => l === word[i] && r === word[i + 1]);
        if (found >= 0 && found < rank) [rank, at] = [found, i];
      }
      if (at < 0) return word;
      word.splice(at, 2, word[at]! + word[at + 1]!);
    }
  });
}
