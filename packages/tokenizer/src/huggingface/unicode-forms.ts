import type { Normalizer, Traced } from "./normalizer.ts";

export type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

/** A character of the result, and how many characters of the text it takes: one less for each that it shares. */
interface Change {
  readonly character: string;
  /** 0: takes one. 1: takes none, has the place of the one before. −n: takes n more. */
  readonly change: number;
}

const LAST_CLASS = "\u0345"; // ccc 240: no other has a higher one
const classes = new Map<string, boolean>();

/** Whether a decomposed character is a mark that canonical ordering moves. */
function moves(character: string): boolean {
  if (character < "\u0300") return false;
  let known = classes.get(character);
  if (known === undefined) {
    const pair = LAST_CLASS + character;
    known = character === LAST_CLASS || pair.normalize("NFD") !== pair;
    classes.set(character, known);
  }
  return known;
}

const sameClass = (a: string, b: string): boolean =>
  (a + b).normalize("NFD") === a + b && (b + a).normalize("NFD") === b + a;

/** Decomposed characters, marks in canonical order: each run of them is sorted as a whole. */
function decomposed(characters: readonly string[], form: "NFD" | "NFKD"): Change[] {
  const out: Change[] = [];
  let marks: Change[] = [];
  const order = () => {
    if (marks.length > 1) {
      // Equal marks keep their order, so that the changes go along with the first that is left.
      const left = new Map<string, Change[]>();
      for (const mark of marks) {
        const group = left.get(mark.character);
        if (group) group.push(mark);
        else left.set(mark.character, [mark]);
      }
      const used = new Map<string, number>();
      const sorted = marks.map(({ character }) => character).join("");
      for (const character of sorted.normalize("NFD")) {
        const at = used.get(character) ?? 0;
        used.set(character, at + 1);
        out.push(left.get(character)![at]!);
      }
    } else out.push(...marks);
    marks = [];
  };
  for (const whole of characters)
    for (const [i, character] of [...whole.normalize(form)].entries()) {
      const one = { character, change: i > 0 ? 1 : 0 };
      if (moves(character)) marks.push(one);
      else {
        order();
        out.push(one);
      }
    }
  order();
  return out;
}

/** Canonical composition, which joins a mark to the starter before it unless a mark between blocks it. */
function composed(changes: readonly Change[]): Change[] {
  const out: Change[] = [];
  let starter = -1; // where it is in `out`
  let last: string | undefined; // the mark after it that did not join
  for (const one of changes) {
    const mark = moves(one.character);
    const before = out[starter];
    const blocked = last !== undefined && (!mark || sameClass(last, one.character));
    if (before && !blocked) {
      const joined = (before.character + one.character).normalize("NFC");
      if ([...joined].length === 1) {
        out[starter] = { character: joined, change: before.change + one.change - 1 };
        continue;
      }
    }
    if (!mark) {
      starter = out.length;
      last = undefined;
    } else if (before) last = one.character;
    out.push(one);
  }
  return out;
}

const places = (changes: readonly Change[]): Traced => {
  let at = 0;
  const sources = changes.map(({ change }) => {
    if (change > 0) return Math.max(0, at - 1);
    at += 1 - change;
    return at - 1 + change;
  });
  return { characters: changes.map(({ character }) => character), sources };
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is looked for
const ASCII = /^[\0-\x7f]*$/;

/**
 * A Unicode normalization form, by the engine's tables, which agree for all characters that its Unicode has. Offsets are
 * those of Hugging Face: a composed character has the place of the first that it was made of.
 */
export const unicodeForm = (form: Form): Normalizer => ({
  apply: (text) => (ASCII.test(text) ? text : text.normalize(form)),
  trace(characters) {
    const text = characters.join("");
    if (ASCII.test(text) || text.normalize(form) === text) return undefined;
    const changes = decomposed(characters, form.includes("K") ? "NFKD" : "NFD");
    return places(form.endsWith("C") ? composed(changes) : changes);
  },
  cuts: (before, after) => before.normalize(form) === before && after.normalize(form) === after,
  keepsStart: true,
});
