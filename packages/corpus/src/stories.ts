import { Teller } from "./grammar/teller.ts";
import { plots } from "./plots/index.ts";
import { pick, seeded } from "./random.ts";
import { gather } from "./size.ts";

/** Every character that occurs in stories, in code point order: their whole vocabulary. */
export const storyCharacters = "\n !\"',.?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz";

/**
 * Endless children's stories, the same for a seed on every engine: some 1,000 to 2,000 characters
 * each, one paragraph a line, no blank line within and no newline at the end.
 * @throws RangeError when the seed is not a safe integer.
 */
export function* storyStream({ seed }: { seed: number }): Generator<string, never, undefined> {
  for (let index = 0; ; index++) {
    const teller = new Teller(seeded(seed, index));
    pick(teller.random, plots)(teller);
    yield teller.text();
  }
}

/**
 * The fewest whole stories of `storyStream` that reach `characters`, a blank line behind each: at
 * least that many characters, at most one story more, so that a larger text begins with a smaller.
 * @throws RangeError when the seed is not a safe integer, or the size not a whole number from 0.
 */
export function stories({ seed, characters }: { seed: number; characters: number }): string {
  const stream = storyStream({ seed });
  return gather({ next: () => ({ value: `${stream.next().value}\n\n` }) }, characters);
}
