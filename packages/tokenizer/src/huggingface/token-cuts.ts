import type { Boundary } from "../pipeline.ts";
import { isWhiteSpace } from "../unicode.ts";
import type { AddedTokens, Segment } from "./added-tokens.ts";
import { type CutParts, cutAt } from "./cuts.ts";
import { cutNormalized } from "./normalized-cuts.ts";
import type { Normalizer, Place } from "./normalizer.ts";
import { placeOf } from "./runs.ts";

/** The last place where a stream can be cut: between added tokens as `cutting` says, if at all, or where one ends. */
export function lastCut(
  {
    added,
    normalizer,
  }: { readonly added: AddedTokens; readonly normalizer?: Normalizer | undefined },
  cutting: CutParts | undefined,
  allowed: ReadonlySet<string> | undefined,
): Boundary {
  const { raw, normalized } = added.among(allowed);
  // One that looks at the character before it may come next.
  const alone = added.tokens.every(({ singleWord }) => !singleWord);
  const later = added.tokens.some(({ normalized }) => normalized);
  // Blanks that a token takes may still begin another.
  const blank = added.tokens.some(({ pattern }) => isWhiteSpace(pattern.charCodeAt(0)));

  function* segments(text: string): Generator<Segment> {
    for (const one of raw.cut(text))
      if (one.token || normalizer) yield one;
      else
        for (const { start, end, token } of normalized.cut(text.slice(one.start, one.end)))
          yield { start: one.start + start, end: one.start + end, token };
  }

  const between = (text: string, place: Place, cutting: CutParts): number =>
    normalizer && later
      ? cutNormalized(text, place, { normalizer, tokens: normalized, cutting })
      : cutAt(text, text.length, cutting);

  return (text, beginning) => {
    const open = Math.min(raw.open(text), normalizer ? text.length : normalized.open(text));
    const settled: Segment[] = [];
    for (const one of segments(text)) {
      if (one.token && one.end > open) break;
      settled.push({ ...one, end: Math.min(one.end, open) });
      if (one.end > open) break;
    }
    for (const { start, end, token } of settled.reverse()) {
      if (!token) {
        const at = cutting
          ? between(text.slice(start, end), placeOf(beginning, start), cutting)
          : 0;
        if (at > 0) return { at: start + at, afterToken: false };
      } else if (alone && (!token.rightBlanks || (end < text.length && !blank)))
        return { at: end, afterToken: true };
    }
    return { at: 0, afterToken: false };
  };
}
