import type { Anchor } from "./syntax.ts";

export const ANCHORS: readonly Anchor[] = [
  ...(["lineStart", "lineEnd", "textStart", "textEnd"] as const),
  ...(["lastLineEnd", "wordEdge", "noWordEdge"] as const),
];

const NEWLINE = 0x0a;

/**
 * Whether `anchor` holds at `at` of the text `bytes[from, end)`. `isWord`: whether a word's character is before `at`,
 * and whether one is there.
 */
export function holdsAt(
  anchor: Anchor,
  bytes: Uint8Array,
  from: number,
  end: number,
  at: number,
  isWord: () => readonly [boolean, boolean],
): boolean {
  switch (anchor) {
    case "textStart":
      return at === from;
    case "textEnd":
      return at === end;
    case "lineStart":
      // Oniguruma has no line after the last newline.
      return at === from || (at < end && bytes[at - 1] === NEWLINE);
    case "lineEnd":
      return at === end || bytes[at] === NEWLINE;
    case "lastLineEnd":
      return at === end || (at + 1 === end && bytes[at] === NEWLINE);
    case "wordEdge":
    case "noWordEdge": {
      const [left, right] = isWord();
      return (left !== right) === (anchor === "wordEdge");
    }
  }
}
