import { describe, expect, it } from "vitest";
import { type Person, person } from "../src/grammar/people.ts";
import { Teller } from "../src/grammar/teller.ts";
import { plots } from "../src/plots/index.ts";
import { trade } from "../src/plots/trade.ts";
import { seeded } from "../src/random.ts";

const HE = /\b(?:he|him|his|himself)\b/i;
const SHE = /\b(?:she|her|herself)\b/i;

function told(lines: readonly string[], people: Record<string, Person>, seed = 0): string {
  const teller = new Teller(seeded(seed));
  teller.set(people);
  teller.tell(...lines);
  return teller.text();
}

/** Tells the same with many seeds. */
const all = (lines: readonly string[], people: () => Record<string, Person>): string[] =>
  Array.from({ length: 200 }, (_, seed) => told(lines, people(), seed));

const lily = () => person("Lily", "she", "girl");
const tom = () => person("Tom", "he", "boy");
const ann = () => person("Ann", "she", "girl");

describe("pronouns", () => {
  it("follow a name within a sentence, in every form", () => {
    const line = "$h took $h's hat, looked at $h.self and said that $h was late.";
    expect(new Set(all([line], () => ({ h: lily() })))).toEqual(
      new Set(["Lily took her hat, looked at herself and said that she was late."]),
    );
  });

  it("are used or not in the next sentence, but not across an unclear one", () => {
    const clear = all(["$h sat down. $h ate."], () => ({ h: tom() }));
    expect(new Set(clear)).toEqual(new Set(["Tom sat down. He ate.", "Tom sat down. Tom ate."]));
    const unclear = all(["$h met $f. $h ate."], () => ({ h: lily(), f: ann() }));
    expect(new Set(unclear)).toEqual(new Set(["Lily met Ann. Lily ate."]));
    const far = all(["$h slept. It rained. $h ate."], () => ({ h: tom() }));
    expect(new Set(far)).toEqual(new Set(["Tom slept. It rained. Tom ate."]));
  });

  it("stand for the one person whom they can mean", () => {
    const lines = ["$h met $f. $h gave $f.o $h's hat."];
    for (const text of all(lines, () => ({ h: lily(), f: tom() }))) {
      expect(text).toMatch(/^Lily met Tom\. (She|Lily) gave him her hat\.$/);
    }
  });

  it("begin no paragraph", () => {
    for (const text of all(["$h sat down.", "\n$h ate."], () => ({ h: tom() }))) {
      expect(text).toBe("Tom sat down.\nTom ate.");
    }
  });

  it("become I and you in speech", () => {
    for (const text of all(["h>f: $h lost $h's hat near $f's house."], () => ({
      h: tom(),
      f: lily(),
    }))) {
      expect(text).toContain("I lost my hat near your house");
    }
  });

  it("have the gender of somebody in the story, named before in the paragraph", () => {
    for (const plot of plots.filter((plot) => plot !== trade)) {
      for (let seed = 0; seed < 150; seed++) {
        const teller = new Teller(seeded(seed));
        plot(teller);
        const people = ["h", "f", "k", "b", "w"].flatMap((key) => {
          try {
            return [teller.person(key)];
          } catch {
            return [];
          }
        });
        for (const [he, pattern] of [
          ["he", HE],
          ["she", SHE],
        ] as const) {
          const names = people
            .filter((who) => who.he === he)
            .flatMap(({ name, kind }) => [name, `\\b${kind}\\b`]);
          const named = new RegExp(names.join("|"), "i");
          for (const paragraph of teller.text().split("\n")) {
            if (pattern.test(paragraph)) expect(names, paragraph).not.toEqual([]);
            const narration = paragraph.replace(/"[^"]*"/g, "");
            const at = narration.search(pattern);
            if (at >= 0) expect(narration.slice(0, at), paragraph).toMatch(named);
          }
        }
      }
    }
  });
});
