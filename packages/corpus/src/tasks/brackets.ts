import { pick } from "../random.ts";
import { task } from "./task.ts";

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const OPENING = Object.keys(CLOSING);
const SHORTEST = 4;
const LONGEST = 10;

export const brackets = task({
  name: "brackets",
  describe: "Close the brackets that are open, the newest first: close [{}(>)]",
  characters: "\n ()>[]celos{}",
  example: (random) => {
    const length = SHORTEST + random.below(LONGEST - SHORTEST + 1);
    const open: string[] = [];
    let written = "";
    for (let i = 0; i < length; i++) {
      // Something is left open at the end, so that there is an answer.
      const opens =
        open.length === 0 || (i === length - 1 && open.length === 1) || random.below(3) > 0;
      if (opens) open.push(pick(random, OPENING));
      written += opens ? open.at(-1)! : CLOSING[open.pop()!]!;
    }
    const answer = open
      .toReversed()
      .map((bracket) => CLOSING[bracket]!)
      .join("");
    return { prompt: `close ${written}>`, answer };
  },
});
