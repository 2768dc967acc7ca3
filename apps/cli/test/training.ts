import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { muladd, type TestIOOptions, temporaryFolder } from "./support.ts";

/** Something to learn, 785 characters, 28 of them different. */
export const TEXT = Array.from(
  { length: 40 },
  (_, i) => `${["A cat", "The dog", "One bird"][i % 3]} saw ${i % 7} ${["mice", "bees"][i % 2]}.\n`,
).join("");

/** Flags of a model that trains in milliseconds. */
export const SMALL = [
  ..."--layers 1 --width 8 --heads 2 --context 8 --batch 2 --eval-batches 1".split(" "),
  ..."--backend reference --sample-every 0 --schedule constant --warmup 0".split(" "),
];

/** A folder with text.txt in it, and muladd to run there. */
export function workplace(text = TEXT) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "text.txt"), text);
  return {
    cwd,
    path: (...parts: string[]) => join(cwd, ...parts),
    run: (args: readonly string[], options: TestIOOptions = {}) =>
      muladd(args, { cwd, ...options }),
    train: (...args: string[]) =>
      muladd(["train", "text.txt", "-o", "run", ...SMALL, ...args], { cwd }),
    read: (...parts: string[]) => readFileSync(join(cwd, ...parts)),
    metrics: (run: string): { step: number; loss?: number; heldOut?: number }[] =>
      readFileSync(join(cwd, run, "metrics.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    json: (...parts: string[]) => JSON.parse(readFileSync(join(cwd, ...parts), "utf8")),
    checkpoints: (run = "run") => readdirSync(join(cwd, run, "checkpoints")).sort(),
  };
}

/** The bytes of the checkpoint of a step. */
export const checkpoint = (place: ReturnType<typeof workplace>, run: string, step: number) =>
  place.read(run, "checkpoints", `step-${step}.safetensors`);
