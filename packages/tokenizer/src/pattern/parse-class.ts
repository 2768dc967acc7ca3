import { foldCase } from "./fold.ts";
import { digits, hexDigits, posix, property, whiteSpace, word, wordInClass } from "./properties.ts";
import { ALL, type CodePoints, characters, complement, intersection, union } from "./set.ts";
import type { Reader } from "./syntax.ts";

const CONTROLS: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  f: "\f",
  v: "\v",
  a: "\x07",
  e: "\x1b",
};

const SHORTHANDS: Readonly<Record<string, () => CodePoints>> = {
  d: digits,
  w: word,
  s: whiteSpace,
  h: hexDigits,
};

/** Reads the rest of an escape that stands for one character, whose backslash is read. */
function escaped(reader: Reader): string {
  const start = reader.at - 1;
  const code = reader.match(
    /x\{([\da-fA-F]{1,8})\}|x([0-7][\da-fA-F]?)|u([\da-fA-F]{4})|(0)(?!\d)/y,
  );
  if (code) {
    const value = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? "0", 16);
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
      reader.fail(`${code[0]} is no character`, undefined, start);
    return String.fromCodePoint(value);
  }
  if (reader.done) reader.fail("a backslash without anything after it", undefined, start);
  const character = reader.next();
  const control = CONTROLS[character];
  if (control !== undefined) return control;
  if (character === "x")
    reader.unsupported("a byte of a character", "write the character as \\x{…}", start);
  if (/[\da-zA-Z]/.test(character)) reader.unsupported(`\\${character}`, undefined, start);
  return character;
}

/** `\p{…}`, `\P{…}`, `\d` and the like, if that comes next. */
export function namedSet(reader: Reader, inClass: boolean): CodePoints | undefined {
  const start = reader.at;
  const named = reader.match(/\\([pP])\{(\^?)([^}]*)\}/y);
  if (named) {
    const [, p, hat, name] = named;
    const set = property(name!);
    if (!set)
      return reader.unsupported(
        `the property ${JSON.stringify(name)}`,
        "general categories are, such as \\p{Lu}, and the more common scripts; write other sets as ranges",
        start,
      );
    return (p === "P") !== (hat === "^") ? complement(set) : set;
  }
  const short = reader.match(/\\([dDwWsShH])/y)?.[1];
  if (!short) return undefined;
  const set = inClass && /w/i.test(short) ? wordInClass() : SHORTHANDS[short.toLowerCase()]!();
  return /[DWSH]/.test(short) ? complement(set) : set;
}

/** One character, escaped or not. */
export const literal = (reader: Reader): string =>
  reader.take("\\") ? escaped(reader) : reader.next();

/** Reads the members of a class after its `[` or `[^`, with classes in it and `&&`. */
function members(reader: Reader, start: number): CodePoints {
  let whole = ALL;
  let part: CodePoints[] = [];
  let empty = true; // `]` is a member where it comes first
  for (; empty || !reader.take("]"); empty = false) {
    if (reader.done) reader.fail("the class has no end", undefined, start);
    if (reader.take("&&")) {
      whole = intersection(whole, union(...part));
      part = [];
      continue;
    }
    const item = member(reader);
    if (item) {
      part.push(item);
      // `[\w-.]` is an error in Oniguruma, and `[[a]-z]` not what it seems.
      if (reader.sees("-") && !reader.sees("-]"))
        reader.unsupported("a range that begins with a set", "write \\- for the character -");
      continue;
    }
    const first = literal(reader);
    const range = reader.sees("-") && !reader.sees("-]") && !reader.sees("-&&");
    if (!range) {
      part.push(characters(first));
      continue;
    }
    reader.take("-");
    if (/\[|\\[pPdDwWsShH]/y.test(reader.text.slice(reader.at, reader.at + 2)))
      reader.unsupported("a range that ends with a set", "write \\- for the character -");
    const [from, to] = [first, literal(reader)].map((c) => c.codePointAt(0)!) as [number, number];
    if (from > to) reader.fail("the range ends before it begins");
    part.push([[from, to]]);
    // After a range, - is a character: `[0-9-a]`.
    if (reader.take("-")) part.push(characters("-"));
  }
  return intersection(whole, union(...part));
}

/** A set inside of a class, if that comes next. */
function member(reader: Reader): CodePoints | undefined {
  const start = reader.at;
  const bracket = reader.match(/\[:(\^?)(\w+):\]/y);
  if (bracket) {
    const set = posix(bracket[2]!);
    if (!set) return reader.unsupported(bracket[0], "write it as \\p{…} or as ranges", start);
    return bracket[1] ? complement(set) : set;
  }
  if (reader.take("[")) return characterClass(reader, false);
  return namedSet(reader, true);
}

/** Reads a class after its `[`; `fold`: in any case. */
export function characterClass(reader: Reader, fold: boolean): CodePoints {
  const start = reader.at - 1;
  reader.descend(start);
  const negated = reader.take("^");
  const exact = members(reader, start);
  reader.ascend();
  const set = fold ? foldCase(exact) : exact;
  if (!set)
    return reader.unsupported(
      "a class under (?i:…) with letters that are not ASCII",
      undefined,
      start,
    );
  return negated ? complement(set) : set;
}
