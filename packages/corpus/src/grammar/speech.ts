import { pick } from "../random.ts";
import { sentences } from "./inflect.ts";
import type { Person } from "./people.ts";
import type { Teller } from "./teller.ts";

/** How words are said: tags ("said", with what follows the name), and what the speaker does. */
interface Manner {
  readonly tags: string;
  readonly beats: string;
}

const HANDS = "$speaker's $speaker.hands";

const MANNERS: Record<string, Manner> = {
  "": {
    tags: "said",
    beats: "nodded|looked up|thought for a moment|turned around|scratched $speaker's head",
  },
  reply: { tags: "said|answered|replied", beats: "nodded|thought for a moment|looked up" },
  ask: { tags: "asked|asked|asked|wanted to know", beats: "looked up|tilted $speaker's head" },
  loud: {
    tags: "cried|called|shouted|called out",
    beats: `waved both ${HANDS}|jumped to $speaker's feet|pointed`,
  },
  happy: {
    tags: "said happily|said with a smile|laughed|said cheerfully|cried happily",
    beats: `smiled|grinned|clapped ${HANDS}|beamed|jumped for joy|laughed`,
  },
  sad: {
    tags: "said sadly|said in a small voice|sighed|said with tears in $speaker.his eyes",
    beats: "looked down at $speaker's feet|sighed|wiped away a tear|sniffed",
  },
  kind: {
    tags: "said kindly|said gently|said warmly|said softly",
    beats: "smiled kindly|gave a kind nod|came closer|smiled",
  },
  scared: {
    tags: "whispered|gasped|said in a shaky voice|said with a shiver",
    beats: "shivered|trembled|took a step back|turned pale",
  },
  angry: {
    tags: "shouted|snapped|said crossly|said angrily",
    beats: "frowned|stamped $speaker's foot|scowled|turned red",
  },
  sorry: {
    tags: "said quietly|mumbled|said in a low voice|said at last",
    beats: "looked at the ground|blushed|hung $speaker's head|swallowed hard",
  },
  proud: { tags: "said proudly|said loudly", beats: "stood up tall|grinned" },
  sly: { tags: "whispered|said with a wink|said slyly", beats: "grinned|winked|giggled" },
};

/** Short forms of speech, where no stop follows. */
const SHORT: readonly (readonly [RegExp, string])[] = [
  [/\bcannot(?= \w)/gi, "can't"],
  [/\bwill not(?= \w)/gi, "won't"],
  [/\b(do|did|does|is|could|would|should) not(?= \w)/gi, "$1n't"],
  [/\b(I) am(?= \w)/g, "$1'm"],
  [/\b(it|that|what|where|there|she|he) is(?= \w)/gi, "$1's"],
  [/\b(I|we|it|they|you) will(?= \w)/gi, "$1'll"],
  [/\b(we|you|they) are(?= \w)/gi, "$1're"],
  [
    /\b(I|we|they|you) have(?= (?:been|lost|found|bought|forgotten|helped|come|an idea))/gi,
    "$1've",
  ],
];

const withComma = (words: string): string => words.replace(/\.$/, ",");

/** The listener's name before the end of the first sentence: "Thank you, Tom!" */
function addressed(words: string, name: string): string {
  return words.replace(/[.!?](?= |$)/, (stop) => `, ${name}${stop}`);
}

/**
 * Words in quotation marks with who says them: behind, before, between, or told by what the
 * speaker does. `teller` has bound $speaker.
 * @param reply whether somebody else has just spoken.
 */
export function spoken(
  teller: Teller,
  words: string,
  manner: string,
  listener: Person | undefined,
  reply: boolean,
): string {
  const chance = (n: number): boolean => teller.random.below(n) === 0;
  if (!chance(3)) for (const [long, short] of SHORT) words = words.replace(long, short);
  const proper = listener !== undefined && /^[A-Z]/.test(listener.name);
  if (proper && !words.includes(listener.name) && chance(5)) {
    words = addressed(words, listener.name);
  }
  /** The manner that suits a sentence which ends in `mark`. */
  const suited = (mark: string): Manner => {
    const plain = mark === "?" ? "ask" : mark === "!" ? "loud" : reply ? "reply" : "";
    const found = MANNERS[manner || plain];
    if (!found) throw new Error(`"${manner}" is not a manner of speaking`);
    return manner && mark === "?" ? { tags: "asked", beats: found.beats } : found;
  };
  const tag = (mark: string): string => pick(teller.random, suited(mark).tags.split("|"));
  const parts = /^(.*?[.!?]) (.*)$/s.exec(words);
  const last = words.at(-1)!;
  switch (teller.random.below(parts ? 6 : 5)) {
    case 0: {
      const beat = pick(teller.random, suited(last).beats.split("|"));
      return `${sentences(teller.expand(`$speaker ${beat}`))}. "${words}"`;
    }
    case 1:
      return `${sentences(teller.expand(`$speaker ${tag(parts ? "." : last)}`))}, "${words}"`;
    case 5: {
      const first = parts![1]!;
      return `"${withComma(first)}" ${after(teller, tag(first.at(-1)!))}. "${parts![2]!}"`;
    }
    default:
      return `"${withComma(words)}" ${after(teller, tag(last))}.`;
  }
}

/** "she said softly", "Lily said softly" or "said Lily softly". */
function after(teller: Teller, tag: string): string {
  const who = teller.expand("$speaker");
  const [verb, ...rest] = tag.split(" ");
  const inverted = !/^(he|she|it)$/.test(who) && teller.random.below(2) === 0;
  const how = teller.expand(rest.join(" "));
  if (inverted && !/ (out|to know)$/.test(tag)) return `${verb} ${who} ${how}`.trim();
  return `${who} ${verb} ${how}`.trim();
}
