import { CATEGORIES, CODE_POINTS, generalCategories, isWhiteSpace } from "../src/unicode.ts";

/** The code points for which `test` holds, as the inside of a character class. */
function ranges(test: (codePoint: number) => boolean): string {
  let text = "";
  for (let start = 0, end = 0; start < CODE_POINTS; start = end) {
    while (end < CODE_POINTS && test(end) === test(start)) end++;
    if (test(start)) text += `\\u{${start.toString(16)}}-\\u{${(end - 1).toString(16)}}`;
  }
  return text;
}

const ofCategory = (prefix: string): string => {
  const table = generalCategories();
  return ranges((codePoint) => CATEGORIES[table[codePoint]!]!.startsWith(prefix));
};

/**
 * A published pattern as a regular expression of this engine: classes spelt out in the pinned version of Unicode, case
 * folded by hand, possessive quantifiers plain (in these patterns that changes no match).
 */
export function regexOf(pattern: string): RegExp {
  const fold = (text: string) =>
    text.replace(/[a-z]/g, (c) => `[${c}${c.toUpperCase()}${c === "s" ? "ſ" : ""}]`);
  const source = pattern
    .replace("'(?i:[sdmt]|ll|ve|re)", () => `'(?:[sSſdDmMtT]|${fold("ll|ve|re")})`)
    .replaceAll(/\(\?i:([^)]*)\)/g, (_, inside: string) => `(?:${fold(inside)})`)
    .replaceAll(/([?+*]|\{\d,\d\})\+/g, "$1")
    .replaceAll(/\\p\{(\w+)\}/g, (_, name: string) => `\0${name}\0`)
    .replaceAll("\\S", `[^${ranges(isWhiteSpace)}]`)
    .replaceAll("\\s", "\0White_Space\0")
    // Inside of a class its ranges, outside a class of its own.
    .replaceAll(/\[[^\]]*\]|\0\w+\0/g, (part) => {
      const spelt = part.replaceAll(/\0(\w+)\0/g, (_, name: string) =>
        name === "White_Space" ? ranges(isWhiteSpace) : ofCategory(name),
      );
      return part.startsWith("[") ? spelt : `[${spelt}]`;
    });
  return new RegExp(source, "gu");
}
