import { describe, expect, it } from "vitest";
import { articles, gerund, past, sentences } from "../src/grammar/inflect.ts";
import { person } from "../src/grammar/people.ts";
import { Teller } from "../src/grammar/teller.ts";
import { parse } from "../src/grammar/template.ts";
import { seeded } from "../src/random.ts";

describe("inflection", () => {
  it("forms the past of regular and irregular verbs, at the head of a phrase", () => {
    const pairs = {
      "pick berries": "picked berries",
      "bake bread": "baked bread",
      "carry baskets": "carried baskets",
      "play the flute": "played the flute",
      "skip stones": "skipped stones",
      "climb a tree": "climbed a tree",
      "dig a deep hole": "dug a deep hole",
      "fly a kite": "flew a kite",
      swim: "swam",
    };
    for (const [base, expected] of Object.entries(pairs)) expect(past(base)).toBe(expected);
  });

  it("forms gerunds", () => {
    const pairs = {
      "make boats": "making boats",
      "run in the grass": "running in the grass",
      "lie in the sun": "lying in the sun",
      "see the sea": "seeing the sea",
      "carry water": "carrying water",
      "skip stones": "skipping stones",
    };
    for (const [base, expected] of Object.entries(pairs)) expect(gerund(base)).toBe(expected);
  });

  it("puts an before vowel sounds, not vowel letters", () => {
    expect(articles("a apple, a useful hour, a hour, A old one, a one")).toBe(
      "an apple, a useful hour, an hour, An old one, a one",
    );
  });

  it("begins sentences with capitals and mends spaces", () => {
    expect(sentences(" soon , it rained .  he  ran! ")).toBe("Soon, it rained. He ran!");
  });
});

describe("templates", () => {
  it("parses choices, references and synonyms", () => {
    expect(parse("[a|] $h's ~big $x.a.")).toEqual([
      { choices: [["a"], []] },
      " ",
      { key: "h", form: "s" },
      " ",
      { synonym: "big" },
      " ",
      { key: "x", form: "a" },
      ".",
    ]);
  });

  it("says what does not match", () => {
    expect(() => parse("a [b|c")).toThrow(/"\[" without "\]"/);
    expect(() => parse("a b]")).toThrow(/"\]" without "\["/);
    expect(() => parse("a | b")).toThrow(SyntaxError);
  });

  it("names an unknown key, form, synonym or manner", () => {
    const teller = new Teller(seeded(1));
    teller.set({ h: person("Tom", "he", "boy") });
    expect(() => teller.tell("$q sat.")).toThrow(/\$q is bound to nothing/);
    expect(() => teller.tell("$h.foo sat.")).toThrow(/no form \.foo/);
    expect(() => teller.tell("~foo")).toThrow(/~foo is not in the list of synonyms/);
    expect(() => teller.tell("h foo: Hello.")).toThrow(/"foo" is not a manner of speaking/);
  });
});

describe("speech", () => {
  const forms = new Set(
    Array.from({ length: 400 }, (_, seed) => {
      const teller = new Teller(seeded(seed));
      teller.set({ h: person("Tom", "he", "boy"), f: person("Ann", "she", "girl") });
      teller.tell("h>f: It is late. We are going home.");
      return teller.text();
    }),
  );

  it("puts the tag behind, before or between, or tells what the speaker does", () => {
    expect(forms).toContain('"It is late. We are going home," said Tom.');
    expect(forms).toContain('"It\'s late," Tom said. "We\'re going home."');
    expect(forms).toContain("Tom said, \"It's late. We're going home.\"");
    expect(forms).toContain('Tom nodded. "It is late, Ann. We are going home."');
  });

  it("gives each speaker a paragraph", () => {
    for (let seed = 0; seed < 50; seed++) {
      const teller = new Teller(seeded(seed));
      teller.set({ h: person("Tom", "he", "boy"), f: person("Ann", "she", "girl") });
      teller.tell("h>f: Hello.", "f>h: Good morning.", "h>f: How are you?");
      expect(teller.text().split("\n")).toHaveLength(3);
    }
  });
});
