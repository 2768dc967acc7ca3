import type { Search } from "./added-tokens.ts";
import { type CutParts, cutAt } from "./cuts.ts";
import type { Normalizer, Place } from "./normalizer.ts";

/** How a text is cut whose added tokens are found when it is normalized. */
export interface NormalizedCuts {
  readonly normalizer: Normalizer;
  readonly tokens: Search;
  readonly cutting: CutParts;
}

/** The last place where `text` can be cut whatever follows and no added token is; 0 for none. */
export function cutNormalized(
  text: string,
  place: Place,
  { normalizer, tokens, cutting }: NormalizedCuts,
): number {
  // What comes before a cut is normalized as it will be in the end.
  const settled = cutAt(text, text.length, cutting);
  const characters = [...text.slice(0, settled)];
  const ends: number[] = [];
  for (const one of characters) ends.push((ends.at(-1) ?? 0) + one.length);
  const { characters: changed, sources } = normalizer.trace(characters, place) ?? { characters };
  const normal = changed.join("");
  const endOf = (point: number) => ends[sources ? sources[point]! : point]!;
  const startOf = (point: number) => ends[(sources ? sources[point]! : point) - 1] ?? 0;

  const open = tokens.open(normal);
  const gaps: { readonly from: number; readonly to: number }[] = [];
  let point = 0; // of the normalized text
  let from = 0;
  for (const { start, end, token } of tokens.cut(normal)) {
    if (token && end > open) break;
    point += [...normal.slice(start, Math.min(end, open))].length;
    if (token) from = endOf(point - 1);
    else gaps.push({ from, to: point < changed.length ? startOf(point) : settled });
    if (end > open) break;
  }
  for (const { from, to } of gaps.reverse()) {
    const at = to === settled ? to : from + cutAt(text.slice(from, to), to - from, cutting);
    if (at > from) return at;
  }
  return 0;
}
