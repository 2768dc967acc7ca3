import type { Random } from "../random.ts";
import { type Task, task } from "./task.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const SHORTEST = 3;
const LONGEST = 8;

/** `verb letters>letters`, on 3 to 8 random letters. */
function onLetters(
  verb: string,
  describe: string,
  change: (letters: readonly string[]) => readonly string[],
): Task {
  return task({
    name: verb,
    describe,
    characters: `\n >${LETTERS}`,
    example: (random: Random) => {
      const length = SHORTEST + random.below(LONGEST - SHORTEST + 1);
      const letters = Array.from({ length }, () => LETTERS[random.below(LETTERS.length)]!);
      return { prompt: `${verb} ${letters.join("")}>`, answer: change(letters).join("") };
    },
  });
}

export const copy = onLetters(
  "copy",
  "Say the same letters again: copy abc>abc",
  (letters) => letters,
);

export const reverse = onLetters(
  "reverse",
  "Say the letters from last to first: reverse abc>cba",
  (letters) => [...letters].reverse(),
);

export const sort = onLetters(
  "sort",
  "Say the letters in the order of the alphabet: sort cab>abc",
  (letters) => [...letters].sort(),
);
