import type { Scanner } from "./classes.ts";

/** What becomes of the matches of a Split's pattern, Hugging Face's names. */
export const BEHAVIORS = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;

export type Behavior = (typeof BEHAVIORS)[number];

/** The first match in `bytes[from, end)`, or undefined. */
export type Find = (
  bytes: Uint8Array,
  from: number,
  end: number,
) => { readonly start: number; readonly end: number } | undefined;

/**
 * Cuts text at what `find` matches, matches and what is between them being parts. `invert`: what is between them is what
 * the behavior is about. SplitDelimiterBehavior in https://github.com/huggingface/tokenizers
 */
export const splitAt = (find: Find, behavior: Behavior, invert: boolean): Scanner => {
  /** The part at `at`, `delimits`: whether the behavior is about it. */
  const part = (bytes: Uint8Array, at: number, end: number) => {
    const match = find(bytes, at, end);
    const matches = match?.start === at;
    const to = matches ? match.end : (match?.start ?? end);
    return { to, delimits: matches !== invert };
  };
  return (bytes, start, end) => {
    const first = part(bytes, start, end);
    if (behavior === "Removed") return first.delimits ? ~first.to : first.to;
    if (behavior === "Isolated") return first.to;
    let to = first.to;
    while (to < end) {
      const next = part(bytes, to, end);
      if (behavior === "Contiguous") {
        if (next.delimits !== first.delimits) break;
        to = next.to;
        continue;
      }
      // Only a part and a delimiter merge, never two delimiters.
      const previous = behavior === "MergedWithPrevious";
      if (first.delimits === previous || next.delimits !== previous) break;
      return next.to;
    }
    return to;
  };
};
