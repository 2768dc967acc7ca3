/** Settings whose flag is not their own name. */
const names: Readonly<Record<string, string>> = {
  rate: "--lr",
  floor: "--min-lr",
  maxTokens: "-n",
};

/** The flag of a setting: "evalEvery" → "--eval-every". */
export const flag = (field: string): string =>
  names[field] ?? `--${field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** Text in which settings with a value are written as flags: "width 48" → "--width 48". */
export const flagsIn = (text: string): string =>
  text
    .replace(/^of (?=\d)/, "")
    .replace(
      /\b(context|width|heads|warmup|steps|rate|floor) (?=\d)/g,
      (_, field: string) => `${flag(field)} `,
    )
    .replace(/^optimizer (?=\w)/, "--optimizer ");
