import type { Weight } from "../../engine/judge.ts";

/** "tokens.weight[3, 17]" */
export function weightName({ parameter, index }: Weight, shape: readonly number[]): string {
  const at: number[] = [];
  let rest = index;
  for (const length of [...shape].reverse()) {
    at.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return `${parameter}[${at.join(", ")}]`;
}
