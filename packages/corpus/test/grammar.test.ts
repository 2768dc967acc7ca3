import { describe, expect, it } from "vitest";
import { stories } from "../src/index.ts";

const TEXT = stories({ seed: 2024, characters: 1_000_000 });
const LINES = TEXT.split("\n").filter((line) => line !== "");

/** What a pattern finds, with the words around it. */
function found(pattern: RegExp, text = TEXT): string[] {
  return [...text.matchAll(pattern)].map(({ index, 0: match }) =>
    text.slice(Math.max(0, index - 30), index + match.length + 30),
  );
}

describe("the grammar of stories", () => {
  it("says a before consonants and an before vowels", () => {
    expect(found(/\b[Aa] (?!one|uni|use)(?:[aeiou]|hour|honest)/g)).toEqual([]);
    expect(found(/\b[Aa]n (?!hour|honest)[^aeiou]/g)).toEqual([]);
    expect(found(/\b[Aa]n [aeiou]/g).length).toBeGreaterThan(100);
  });

  it("has no two articles, words or spaces in a row", () => {
    expect(found(/\b(?:a|an|the) (?:a|an|the|his|her|its|my|your)\b/gi)).toEqual([]);
    expect(found(/\b(\w+) \1\b/gi)).toEqual([]);
    expect(found(/ {2}| \n|\n /g)).toEqual([]);
  });

  it("begins every sentence with a capital letter", () => {
    expect(LINES.filter((line) => !/^"?[A-Z]/.test(line))).toEqual([]);
    expect(found(/[.!?] "?[a-z]/g)).toEqual([]);
    expect(found(/(?:^|\s)"[^A-Z]/g)).toEqual([]);
  });

  it("ends every paragraph with a stop, and puts no space before or two stops in a row", () => {
    expect(LINES.filter((line) => !/[.!?]"?$/.test(line))).toEqual([]);
    expect(found(/\s[.,!?]|[.,!?]{2}|[.,!?][A-Za-z]/g)).toEqual([]);
  });

  it("closes every quotation in its paragraph, with a stop or a comma inside", () => {
    for (const line of LINES) {
      const quotes = line.match(/"[^"]*"/g) ?? [];
      expect(line.replace(/"[^"]*"/g, "")).not.toContain('"');
      expect(quotes.filter((quote) => !/^"[A-Z].*[.,!?]"$/.test(quote))).toEqual([]);
    }
  });

  it("says who speaks: after a comma follows a tag, and before one a verb of speaking", () => {
    const verbs =
      "said|asked|answered|replied|cried|called|shouted|laughed|sighed|whispered|gasped|snapped|" +
      "mumbled|wanted";
    const tag = new RegExp(
      `^ (?:(?:${verbs}) [A-Za-z]+|[A-Za-z]+(?: [a-z]+)*? (?:${verbs})\\b|[A-Z][a-z]+ [A-Z][a-z]+ (?:${verbs})\\b)`,
    );
    for (const [, after] of TEXT.matchAll(/,"(.{0,60})/g)) expect(after).toMatch(tag);
  });

  it("uses the object form of pronouns where an object stands", () => {
    expect(
      found(
        /\b(?:told|gave|with|from|for|to|behind|beside|lent|hugged|happier than) (?:he|she)\b/g,
      ),
    ).toEqual([]);
    expect(found(/\b(?:said|cried|sighed|asked) (?:him|them)\b/g)).toEqual([]);
  });

  it("leaves no trace of the template language", () => {
    expect(found(/[$~[\]|<>_{}\\]|undefined|object|NaN/g)).toEqual([]);
  });
});
