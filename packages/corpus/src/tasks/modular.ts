import { task } from "./task.ts";

/** The modulus of Power et al. (2022), "Grokking", https://arxiv.org/abs/2201.02177. */
const P = 97;

/** The sum stands before its remainder: in one go, as in the paper, a small model has learned nothing after minutes. */
export const modular = task({
  name: "modular",
  describe: `Add two numbers below ${P}, then take ${P} away where it fits: 50+60=110=13`,
  characters: "\n+0123456789=",
  example: (random) => {
    const [a, b] = [random.below(P), random.below(P)];
    return { prompt: `${a}+${b}=`, answer: `${a + b}=${(a + b) % P}` };
  },
  same: (prompt) => prompt.slice(0, -1).split("+").sort().join("+"),
});
