import { CATEGORIES, CODE_POINTS, generalCategories, isWhiteSpace } from "../unicode.ts";
import { SCRIPTS } from "./scripts-16.ts";
import { ALL, type CodePoints, characters, complement, union } from "./set.ts";

let runs: ReadonlyMap<string, CodePoints> | undefined;

/** The ranges of each general category. */
function categories(): ReadonlyMap<string, CodePoints> {
  if (runs) return runs;
  const table = generalCategories();
  const made = new Map<string, [number, number][]>(CATEGORIES.map((name) => [name, []]));
  for (let first = 0, end = 0; first < CODE_POINTS; first = end) {
    while (end < CODE_POINTS && table[end] === table[first]) end++;
    made.get(CATEGORIES[table[first]!]!)!.push([first, end - 1]);
  }
  runs = made;
  return made;
}

/** Code points whose general category begins with one of `prefixes`: `L`, `Lu`. */
export const ofCategory = (...prefixes: readonly string[]): CodePoints =>
  union(
    ...[...categories()]
      .filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)))
      .map(([, set]) => set),
  );

const LONG_NAMES: Readonly<Record<string, string>> = {
  letter: "L",
  uppercaseletter: "Lu",
  lowercaseletter: "Ll",
  titlecaseletter: "Lt",
  modifierletter: "Lm",
  otherletter: "Lo",
  mark: "M",
  nonspacingmark: "Mn",
  spacingmark: "Mc",
  enclosingmark: "Me",
  number: "N",
  decimalnumber: "Nd",
  letternumber: "Nl",
  othernumber: "No",
  punctuation: "P",
  connectorpunctuation: "Pc",
  dashpunctuation: "Pd",
  openpunctuation: "Ps",
  closepunctuation: "Pe",
  initialpunctuation: "Pi",
  finalpunctuation: "Pf",
  otherpunctuation: "Po",
  punct: "P",
  symbol: "S",
  mathsymbol: "Sm",
  currencysymbol: "Sc",
  modifiersymbol: "Sk",
  othersymbol: "So",
  separator: "Z",
  spaceseparator: "Zs",
  lineseparator: "Zl",
  paragraphseparator: "Zp",
  other: "C",
  control: "Cc",
  format: "Cf",
  surrogate: "Cs",
  privateuse: "Co",
  unassigned: "Cn",
};

/** A script, of which scripts-16.ts writes the gap before each range and its length. */
function script(name: string): CodePoints | undefined {
  const numbers = SCRIPTS[name]?.split(",").map((digits) => Number.parseInt(digits, 36));
  if (!numbers) return undefined;
  const set: [number, number][] = [];
  let end = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const first = end + numbers[i]!;
    end = first + numbers[i + 1]!;
    set.push([first, end - 1]);
  }
  return set;
}

/** The set that `\p{name}` stands for, or undefined. Case, blanks, `-` and `_` in a name mean nothing. */
export function property(name: string): CodePoints | undefined {
  const plain = name.toLowerCase().replaceAll(/[ _-]/g, "");
  if (plain === "any") return ALL;
  if (plain === "assigned") return complement(ofCategory("Cn"));
  if (plain === "lc" || plain === "casedletter") return ofCategory("Lu", "Ll", "Lt");
  if (plain === "space" || plain === "whitespace") return whiteSpace();
  const short = LONG_NAMES[plain] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
  const known = CATEGORIES.some((category) => category === short || category[0] === short);
  return known ? ofCategory(short) : script(plain);
}

/** `\s`: White_Space. */
export function whiteSpace(): CodePoints {
  const set: [number, number][] = [];
  for (let c = 0; c <= 0x3000; c++) if (isWhiteSpace(c)) set.push([c, c]);
  return union(set);
}

/** `\d`. */
export const digits = (): CodePoints => ofCategory("Nd");

/** `\h`: a hexadecimal digit. */
export const hexDigits = (): CodePoints => characters("0123456789ABCDEFabcdef");

/**
 * `\w` in a class and `[:word:]`: Alphabetic, Mark, Decimal_Number and Connector_Punctuation, as UTS #18 has it.
 * Alphabetic is L, Nl, some of M, and these letters in circles and squares.
 */
export const wordInClass = (): CodePoints =>
  union(ofCategory("L", "M", "Nd", "Nl", "Pc"), [
    [0x24b6, 0x24e9],
    [0x1f130, 0x1f149],
    [0x1f150, 0x1f169],
    [0x1f170, 0x1f189],
  ]);

/** `\w` by itself and at `\b`: in Oniguruma ² ³ ¹ ¼ ½ ¾ are of it too. */
export const word = (): CodePoints => union(wordInClass(), characters("²³¹¼½¾"));

const POSIX: Readonly<Record<string, () => CodePoints>> = {
  digit: digits,
  space: whiteSpace,
  word: wordInClass,
  xdigit: hexDigits,
  punct: () => ofCategory("P", "S"),
};

/** The set of `[:name:]`, or undefined. */
export const posix = (name: string): CodePoints | undefined => POSIX[name]?.();
