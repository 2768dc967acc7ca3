import { doubled, irregular } from "../words/verbs.ts";

const irregularPast = new Map(irregular.map((pair) => pair.split(" ") as [string, string]));
const doubling = new Set(doubled);

/** Applies `change` to the verb of a phrase that begins with it: "fly a kite" → "flew a kite". */
function onVerb(phrase: string, change: (verb: string) => string): string {
  const space = phrase.indexOf(" ");
  return space < 0 ? change(phrase) : change(phrase.slice(0, space)) + phrase.slice(space);
}

const double = (verb: string): string => (doubling.has(verb) ? verb + verb.at(-1) : verb);

/** A verb phrase in the past tense: "bake a pie" → "baked a pie", "run" → "ran". */
export const past = (phrase: string): string =>
  onVerb(phrase, (verb) => {
    const known = irregularPast.get(verb);
    if (known) return known;
    if (verb.endsWith("e")) return `${verb}d`;
    if (/[^aeiou]y$/.test(verb)) return `${verb.slice(0, -1)}ied`;
    return `${double(verb)}ed`;
  });

/** A verb phrase as a gerund: "ride a bike" → "riding a bike", "swim" → "swimming". */
export const gerund = (phrase: string): string =>
  onVerb(phrase, (verb) => {
    if (verb.endsWith("ie")) return `${verb.slice(0, -2)}ying`;
    if (/[^eo]e$/.test(verb) && verb !== "be") return `${verb.slice(0, -1)}ing`;
    return `${double(verb)}ing`;
  });

/** Turns every "a" before a vowel sound into "an". */
export const articles = (text: string): string =>
  text.replace(/\b([Aa]) (?=[aeiou]|hour|honest)(?!one|uni|use|eu)/g, "$1n ");

/** Capital letters where sentences begin, single spaces, none before a stop or comma. */
export const sentences = (text: string): string =>
  articles(text)
    .replace(/ +/g, " ")
    .replace(/ ([.,!?])/g, "$1")
    .trim()
    .replace(/(?:^|[.!?] )[a-z]/g, (match) => match.toUpperCase());
