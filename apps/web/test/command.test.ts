import { preset, presetConfig } from "@muladd/gpt";
import { modelSettings, trainingConfig, trainingSettings } from "@muladd/gpt/train";
import { Command } from "commander";
import { addSettings, type Settings } from "muladd/settings";
import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../src/client/defaults.ts";
import type { RunSettings } from "../src/engine/protocol.ts";
import { commandOf } from "../src/screens/train/command.ts";
import { configured } from "../src/screens/train/fields.ts";

/** What the command's own flags make of a command line. */
function parsed(line: string) {
  const words = [...line.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll("'\\''", "'") ?? plain!,
  );
  expect(words.splice(0, 2)).toEqual(["muladd", "train"]);
  const command = addSettings(new Command("train").exitOverride())
    .argument("[data...]")
    .option("--task <name>");
  command.parse(words, { from: "user" });
  const s = command.opts<Settings & { task?: string }>();
  const chosen = preset(s.preset);
  return {
    data: command.args,
    task: s.task,
    tokenizer: s.tokenizer,
    model: presetConfig(chosen, { ...modelSettings(s), vocabulary: 65 }),
    training: trainingConfig(trainingSettings(s, chosen.training)),
  };
}

const cases: readonly [string, Partial<RunSettings>][] = [
  ["the defaults", {}],
  [
    "every setting",
    {
      preset: "medium",
      tokenizer: "bpe:512",
      model: {
        layers: 3,
        heads: 2,
        width: 48,
        context: 40,
        positions: "sinusoidal",
        activation: "gelu",
        bias: false,
        dropout: 0.1,
      },
      training: {
        steps: 70,
        batch: 5,
        accumulate: 2,
        clip: 0,
        seed: 4294967295,
        evalEvery: 10,
        evalBatches: 2,
        sampleEvery: 0,
        saveEvery: 7,
      },
      flags: {
        lr: 3e-4,
        minLr: 1e-7,
        warmup: 3,
        schedule: "wsd",
        optimizer: "adamw",
        beta1: 0.8,
        beta2: 0.97,
        weightDecay: 0.2,
      },
    },
  ],
  ["sgd", { flags: { optimizer: "sgd", momentum: 0.5, lr: 0.1, weightDecay: 0 } }],
  ["biases", { preset: "nanogpt-cpu", model: { bias: true } }],
  ["a short run, whose warm-up follows", { training: { steps: 30 }, flags: { lr: 1e-3 } }],
];

describe("the command of", () => {
  test.each(cases)("%s is read by the command as the page has it", (_, given) => {
    const settings = { ...DEFAULTS, ...given };
    const read = parsed(commandOf(settings));
    expect({ model: read.model, training: read.training }).toEqual(configured(settings));
    expect(read.tokenizer).toBe(settings.tokenizer);
    expect(read.data).toEqual([]);
  });

  test("a toy task and a file names them, whatever the file is called", () => {
    const task = { kind: "task", task: "sort", characters: 500_000 } as const;
    expect(parsed(commandOf({ ...DEFAULTS, data: task })).task).toBe("sort");
    for (const name of ["my book.txt", "it's $HOME `x`.txt", "--steps 9.txt"]) {
      const read = parsed(commandOf({ ...DEFAULTS, data: { kind: "file", name, id: "0" } }));
      expect(read.data).toEqual([name.startsWith("-") ? `./${name}` : name]);
    }
  });
});
