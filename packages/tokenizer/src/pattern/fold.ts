import { ofCategory } from "./properties.ts";
import { type CodePoints, characters, complement, includes, intersection, union } from "./set.ts";

const [LONG_S, KELVIN] = [0x17f, 0x212a];

/** Code points whose case Unicode folds in some way, alone or with a neighbour, but for ASCII, ſ and K. */
const folded = (): CodePoints =>
  intersection(
    union(ofCategory("Lu", "Ll", "Lt", "Lm", "M", "Nl"), [[0x24b6, 0x24e9]]),
    complement(union([[0, 0x7f]], characters("ſ\u212a"))),
  );

/**
 * `set` and what differs from a member in case only, by simple case folding: ſ (U+017F) is an s and K (U+212A) a k.
 * `undefined` where that would take case folding outside of ASCII.
 */
export function foldCase(set: CodePoints): CodePoints | undefined {
  if (intersection(set, folded()).length > 0) return undefined;
  const more: [number, number][] = [];
  const add = (codePoint: number) => more.push([codePoint, codePoint]);
  for (let lower = 0x61; lower <= 0x7a; lower++) {
    const others = [lower, lower - 0x20];
    if (lower === 0x73) others.push(LONG_S);
    if (lower === 0x6b) others.push(KELVIN);
    if (others.some((one) => includes(set, one))) others.forEach(add);
  }
  return union(set, more);
}

/** Pairs of letters that are the full case folding of one character, such as ß. */
export const LIGATURES: readonly string[] = ["ss", "st", "ff", "fi", "fl"];
