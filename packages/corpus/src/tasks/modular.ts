import { task } from "./task.ts";

/** The modulus of Power et al. (2022), "Grokking", https://arxiv.org/abs/2201.02177. */
const P = 97;

export const modular = task({
  name: "modular",
  describe: `Add two numbers and keep the remainder by ${P}: 50+60 mod ${P}=13`,
  characters: "\n +0123456789=dmo",
  example: (random) => {
    const [a, b] = [random.below(P), random.below(P)];
    return { prompt: `${a}+${b} mod ${P}=`, answer: `${(a + b) % P}` };
  },
  same: (prompt) => prompt.slice(0, prompt.indexOf(" ")).split("+").sort().join("+"),
});
