import { describe, expect, it } from "vitest";
import { Teller } from "../src/grammar/teller.ts";
import type { Plot } from "../src/plots/beats.ts";
import { birthday } from "../src/plots/birthday.ts";
import { build } from "../src/plots/build.ts";
import { plots } from "../src/plots/index.ts";
import { lost } from "../src/plots/lost.ts";
import { skill } from "../src/plots/skill.ts";
import { storm } from "../src/plots/storm.ts";
import { trade } from "../src/plots/trade.ts";
import { seeded } from "../src/random.ts";

/** Sixty tellings of a plot. */
function tellings(plot: Plot): string[] {
  return Array.from({ length: 60 }, (_, seed) => {
    const teller = new Teller(seeded(seed));
    plot(teller);
    return teller.text();
  });
}

/** The first group of a pattern that must occur. */
function only(text: string, pattern: RegExp): string {
  const match = pattern.exec(text);
  expect(match, `${pattern} in: ${text}`).not.toBeNull();
  return match![1]!;
}

describe("plots", () => {
  it("are at least a dozen, and none is told twice alike", () => {
    expect(plots.length).toBeGreaterThanOrEqual(12);
    for (const plot of plots) expect(new Set(tellings(plot)).size).toBe(60);
  });

  it("find what was lost where it was put, dropped or carried past", () => {
    for (const text of tellings(lost)) {
      const jumped = /(?:jumped|leaped|hopped) over a ([a-z ]+)\./.exec(text);
      if (jumped) {
        expect(text).toContain(`right beside the ${jumped[1]}, `);
      } else {
        const spot = only(
          text,
          /down ((?:under|behind|by|beside|in|next to|between|below) [a-z ]+)/,
        );
        expect(text.split(spot).length, text).toBeGreaterThanOrEqual(3);
      }
    }
  });

  it("remember, at a birthday, what was odd in the morning and what was in the window", () => {
    for (const text of tellings(birthday)) {
      const clue = only(
        text,
        /There was ((?:flour|chocolate|sugar) (?:on|in) .+? (?:nose|sleeve|hair))/,
      );
      expect(clue).not.toBe("");
      const stain = clue.split(" ")[0]!;
      expect(text).toContain(`why there had been ${stain}`);
      const toy = only(text, /There stood an? ([a-z ]+)\./);
      expect(text).toContain(`the ${toy} from the window`);
    }
  });

  it("hand on the advice that helped, word by word", () => {
    for (const text of tellings(skill)) {
      const passed = only(text, /"Let me tell you a secret," s?he said\. "(.+?)"/);
      const first = passed.split(/[.,]/)[0]!.replace("Do not", "Do(?: not|n't)");
      expect([...text.matchAll(new RegExp(first, "g"))].length, text).toBe(2);
    }
  });

  it("let the weather rule of the beginning come true", () => {
    for (const text of tellings(storm)) {
      const sign = only(text, /[Ww]hen ([a-z ]+), rain is/);
      expect(text.split(sign).length, text).toBeGreaterThanOrEqual(3);
    }
  });

  it("build with what the friend had named", () => {
    for (const text of tellings(build)) {
      const found = only(text, /there they found ([a-z ]+)\./);
      const named = text.indexOf(found) < text.indexOf("there they found");
      expect(named || text.includes("something better"), text).toBe(true);
    }
  });

  it("trade each thing for what its owner asked, up to the toy", () => {
    for (const text of tellings(trade)) {
      const goal = only(text, /[Bb]ring me an? ([a-z ]+),/);
      const have = only(text, /(?:had was|nothing but) an? ([a-z ]+)\./);
      expect(text).toContain(`back to the shop with the ${goal}.`);
      expect(text).toMatch(new RegExp(`So an? ${have} had become`));
    }
  });
});
