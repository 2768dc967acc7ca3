import { isLater } from "./later-characters.ts";
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

const ASCII = /^[\0-\x7f]*$/;

/** Calls `visit` with each stretch of `characters` that has none from after Unicode 9, and with those, which stay. */
function eachStretch(
  characters: readonly string[],
  visit: (stretch: readonly string[], stays: boolean) => void,
): void {
  let from = 0;
  for (const [at, character] of characters.entries()) {
    if (!isLater(character.codePointAt(0)!)) continue;
    if (at > from) visit(characters.slice(from, at), false);
    visit([character], true);
    from = at + 1;
  }
  if (from < characters.length) visit(characters.slice(from), false);
}

function hasLater(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x7fd) continue;
    const codePoint = text.codePointAt(at)!;
    if (codePoint > 0xffff) at++;
    if (isLater(codePoint)) return true;
  }
  return false;
}

function normalize(text: string, form: Form): string {
  if (ASCII.test(text)) return text;
  if (!hasLater(text)) return text.normalize(form);
  let out = "";
  eachStretch([...text], (stretch, stays) => {
    out += stays ? stretch.join("") : stretch.join("").normalize(form);
  });
  return out;
}

/**
 * A Unicode normalization form as Hugging Face has it, with the tables of Unicode 9: what came later stays as it is. So
 * it is the same in every engine, since characters that are assigned never change their forms. A composed character has
 * the place of the first that it was made of.
 */
export const unicodeForm = (form: Form): Normalizer => ({
  apply: (text) => normalize(text, form),
  trace(characters) {
    const text = characters.join("");
    if (normalize(text, form) === text) return undefined;
    const changes: Change[] = [];
    eachStretch(characters, (stretch, stays) => {
      const [first = ""] = stretch;
      const parts = stays
        ? [{ character: first, change: 0 }]
        : decomposed(stretch, form.includes("K") ? "NFKD" : "NFD");
      for (const one of !stays && form.endsWith("C") ? composed(parts) : parts) changes.push(one);
    });
    return places(changes);
  },
  cuts: (before, after) => normalize(before, form) === before && normalize(after, form) === after,
  keepsStart: true,
});
