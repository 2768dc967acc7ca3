import { task } from "./task.ts";

/** Terms are below this. */
const LIMIT = 100;

export const addition = task({
  name: "addition",
  describe: "Add two numbers below a hundred: 12+34=46",
  characters: "\n+0123456789=",
  example: (random) => {
    const [a, b] = [random.below(LIMIT), random.below(LIMIT)];
    return { prompt: `${a}+${b}=`, answer: `${a + b}` };
  },
  same: (prompt) => prompt.slice(0, -1).split("+").sort().join("+"),
});
