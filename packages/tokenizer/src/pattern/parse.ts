import { isNullable } from "./first.ts";
import { foldCase, LIGATURES } from "./fold.ts";
import { characterClass, literal, namedSet } from "./parse-class.ts";
import { ALL, type CodePoints, characters, complement, union } from "./set.ts";
import { type Anchor, type Node, Reader, type Repeat } from "./syntax.ts";

interface Flags {
  /** `i`: case means nothing. */
  readonly fold: boolean;
  /** `m`, Ruby's: `.` is a newline too. */
  readonly all: boolean;
}

const ANCHORS: Readonly<Record<string, Anchor>> = {
  "^": "lineStart",
  $: "lineEnd",
  "\\A": "textStart",
  "\\z": "textEnd",
  "\\Z": "lastLineEnd",
  "\\b": "wordEdge",
  "\\B": "noWordEdge",
};

const newline = (): CodePoints => characters("\n");
const EMPTY: Node = { kind: "sequence", items: [] };
const setOf = (set: CodePoints): Node => ({ kind: "set", set });

/** `\R`. */
const lineBreak = (): Node => ({
  kind: "atomic",
  item: {
    kind: "either",
    items: [
      { kind: "sequence", items: [setOf(characters("\r")), setOf(newline())] },
      setOf(characters("\n\v\f\r\u0085\u2028\u2029")),
    ],
  },
});

/** Most repetitions that a pattern may count. Oniguruma's bound is 100 000. */
const MAX_COUNT = 10_000;

/** More than any pattern has; so lists of its parts can be arguments. */
const MAX_LENGTH = 2 ** 15;

/**
 * Parses `pattern`, whose syntax is Oniguruma's as Hugging Face tokenizers has it (Ruby's). Throws TokenizerFormatError
 * with `field` and the position at what is wrong or not supported; nothing is passed over.
 * https://github.com/kkos/oniguruma/blob/master/doc/RE
 */
export function parse(pattern: string, field: string): Node {
  const reader = new Reader(pattern, field);
  if (pattern.length > MAX_LENGTH)
    reader.unsupported(`a pattern of more than ${MAX_LENGTH} characters`);
  const node = alternatives(reader, { fold: false, all: false });
  if (!reader.done) reader.fail("this parenthesis opens nowhere");
  return node;
}

function alternatives(reader: Reader, flags: Flags): Node {
  const items = [sequence(reader, flags)];
  while (reader.take("|")) items.push(sequence(reader, flags));
  return items.length === 1 ? items[0]! : { kind: "either", items };
}

function sequence(reader: Reader, flags: Flags): Node {
  const items: Node[] = [];
  const from = reader.at;
  while (!reader.done && !reader.sees("|") && !reader.sees(")")) {
    const start = reader.at;
    const node = repeated(reader, atom(reader, flags), start);
    // A group's own sequence is part of this one.
    items.push(...(node.kind === "sequence" ? node.items : [node]));
  }
  const letters = items.map((item) => (item.kind === "set" && item.letter) || " ").join("");
  const ligature = LIGATURES.find((pair) => letters.includes(pair));
  if (ligature)
    reader.unsupported(
      `${JSON.stringify(ligature)} under (?i:…), which one character may match,`,
      `write (?i:[${ligature[0]}]${ligature[1]}), which are two`,
      from,
    );
  return items.length === 1 ? items[0]! : { kind: "sequence", items };
}

function atom(reader: Reader, flags: Flags): Node {
  const start = reader.at;
  const anchor = reader.match(/[$^]|\\[AzZbB]/y);
  if (anchor) return { kind: "anchor", anchor: ANCHORS[anchor[0]]! };
  if (reader.take("(")) {
    reader.descend(start);
    const node = group(reader, flags, start);
    reader.ascend();
    return node;
  }
  if (reader.take("[")) return setOf(characterClass(reader, flags.fold));
  if (reader.take(".")) return setOf(flags.all ? ALL : complement(newline()));
  if (reader.take("\\R")) return lineBreak();
  if (reader.take("\\N")) return setOf(complement(newline()));
  if (reader.take("\\O")) return setOf(ALL);
  if (reader.match(/[*+?]/y)) reader.fail("there is nothing to repeat", undefined, start);
  const named = namedSet(reader, false);
  if (named) return setOf(named);
  const character = literal(reader);
  if (!flags.fold) return setOf(characters(character));
  const set =
    foldCase(characters(character)) ??
    reader.unsupported(
      `${JSON.stringify(character)} under (?i:…)`,
      "write it outside of (?i:…), in a class of its upper and lower case",
      start,
    );
  return { kind: "set", set, letter: character.toLowerCase() };
}

/** Reads a group after its `(`. */
function group(reader: Reader, flags: Flags, start: number): Node {
  const end = (node: Node): Node => {
    if (!reader.take(")")) reader.fail("this parenthesis is not closed", undefined, start);
    return node;
  };
  const inside = (): Node => end(alternatives(reader, flags));
  if (reader.take("?:")) return inside();
  if (reader.take("?>")) return { kind: "atomic", item: inside() };
  if (reader.take("?=")) return { kind: "ahead", item: inside(), negated: false };
  if (reader.take("?!")) return { kind: "ahead", item: inside(), negated: true };
  const behind = reader.match(/\?<([=!])/y);
  if (behind) {
    const set = oneCharacter(inside());
    if (set) return { kind: "behind", set, negated: behind[1] === "!" };
    return reader.unsupported("a look behind at other than one character", undefined, start);
  }
  if (reader.match(/\?#[^)]*/y)) return end(EMPTY);
  const options = reader.match(/\?([im]*)(?:-([im]*))?([:)])/y);
  if (options) {
    const [, on, off = "", close] = options;
    const set = (flag: string, now: boolean) => !off.includes(flag) && (now || on!.includes(flag));
    const changed = { fold: set("i", flags.fold), all: set("m", flags.all) };
    const node = alternatives(reader, changed);
    // `(?i)` holds to the end of the group that it is in, alternatives among it: `a(?i)b|c` is `a(?i:b|c)`.
    return close === ")" ? node : end(node);
  }
  // What a group captures, nobody asks; but a reference to it, `\1`, is refused above.
  if (reader.match(/\?<[^\W\d]\w*>/y) || !reader.sees("?")) return inside();
  return reader.unsupported("this kind of group", undefined, start);
}

/** The set that is all that `node` matches, if it is one. */
function oneCharacter(node: Node): CodePoints | undefined {
  if (node.kind === "set") return node.set;
  if (node.kind !== "either") return undefined;
  const sets = node.items.map(oneCharacter);
  return sets.every((set) => set !== undefined) ? union(...sets) : undefined;
}

const QUANTIFIER = /([?*+])([?+]?)|\{(\d*)(,?)(\d*)\}(\??)/y;

/** Reads the quantifiers after `item`, which began at `start`. */
function repeated(reader: Reader, item: Node, start: number): Node {
  let node = item;
  for (;;) {
    const from = reader.at;
    const found = reader.match(QUANTIFIER);
    if (!found) return node;
    const [, mark, suffix, low = "", comma, high = "", optional] = found;
    if (mark === undefined && low === "" && high === "") {
      reader.at = from; // `{}` and `{,}` are themselves
      return node;
    }
    const anchors = ["anchor", "ahead", "behind"].includes(node.kind);
    if (anchors) reader.fail("what is repeated here has no width", undefined, start);
    const repeat = (min: number, max: number, how: Repeat["how"]): Repeat => {
      if (max === Number.POSITIVE_INFINITY && isNullable(node))
        reader.unsupported("repeating without end what may be empty", undefined, start);
      const most = max === Number.POSITIVE_INFINITY ? min : max;
      if (node !== item) reader.descend(start); // for good: there are few
      if (min > max) reader.unsupported("a count that ends before it begins", undefined, from);
      if (most > MAX_COUNT) reader.unsupported(`a count above ${MAX_COUNT}`, undefined, from);
      return { kind: "repeat", item: node, min, max, how };
    };
    if (mark) {
      const how = suffix === "?" ? "lazy" : suffix === "+" ? "possessive" : "greedy";
      node = repeat(mark === "+" ? 1 : 0, mark === "?" ? 1 : Number.POSITIVE_INFINITY, how);
      continue;
    }
    const min = Number(low);
    const max = comma ? (high === "" ? Number.POSITIVE_INFINITY : Number(high)) : min;
    // `{n}?` is the whole of it or nothing; a + after `}` repeats again: neither is as in other dialects.
    node = repeat(min, max, optional && comma ? "lazy" : "greedy");
    if (optional && !comma) node = repeat(0, 1, "greedy");
  }
}
