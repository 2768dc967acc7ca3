import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/index.ts";
import { adamw, type TrainingConfig, trainingConfig } from "../../src/train/index.ts";

const sgd = { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0 } as const;
const schedule = { kind: "cosine", rate: 0.01 } as const;

describe("trainingConfig", () => {
  test("completes itself, and is unchanged by JSON and by itself", () => {
    const config = trainingConfig();
    expect(config).toMatchObject({ steps: 2000, batch: 12, accumulate: 1, clip: 1, seed: 0 });
    expect(config.optimizer).toEqual(adamw);
    expect(config.schedule).toEqual({ kind: "cosine", rate: 1e-3, floor: 1e-4, warmup: 100 });
    expect(trainingConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  test("warms up for a tenth of a short run", () => {
    expect(trainingConfig({ steps: 50 }).schedule.warmup).toBe(5);
  });

  test("keeps what is given", () => {
    const given: TrainingConfig = {
      steps: 7,
      batch: 1,
      accumulate: 3,
      seed: 4294967295,
      clip: 0,
      optimizer: sgd,
      schedule: { kind: "wsd", rate: 1, floor: 1, warmup: 7, decay: 1 },
      evalEvery: 1,
      evalBatches: 2,
      saveEvery: 3,
      sampleEvery: 0,
    };
    expect(trainingConfig(given)).toEqual(given);
  });

  test.each(["steps", "batch", "accumulate", "evalEvery", "evalBatches", "saveEvery"] as const)(
    "refuses %s that are not a whole number above 0",
    (field) => {
      for (const value of [0, -3, 2.5, Number.NaN])
        expect(fault({ [field]: value })).toEqual([
          field,
          `${field} is ${value}; it must be a whole number, 1 at least`,
        ]);
    },
  );

  test.each<[unknown, string, string]>([
    [{ sampleEvery: -1 }, "sampleEvery", "is -1; a whole number; 0 for none"],
    [{ seed: 2 ** 32 }, "seed", "is 4294967296; it is a whole number in 0 … 4294967295"],
    [{ seed: 0.5 }, "seed", "is 0.5"],
    [{ clip: -1 }, "clip", "is -1; it is a norm above 0, or 0 for none"],
    [{ clip: Infinity }, "clip", "is Infinity; it is a norm above 0, or 0 for none"],
    [{ schedule: { kind: "sine", rate: 1 } }, "schedule", 'is "sine"; it is one of constant,'],
    [{ schedule: { ...schedule, rate: 0 } }, "rate", "is 0; it must be above 0"],
    [{ schedule: { ...schedule, floor: 0.02 } }, "floor", "is 0.02; it lies in 0 … 0.01"],
    [{ schedule: { ...schedule, floor: -1 } }, "floor", "is -1"],
    [{ schedule: { ...schedule, decay: 2 } }, "decay", "is 2; it is a share of the run"],
    [{ schedule: { ...schedule, warmup: -1 } }, "warmup", "is -1; a whole number of steps"],
    [{ steps: 40, schedule: { ...schedule, warmup: 41 } }, "warmup", "try warmup 4"],
    [{ optimizer: { kind: "adam" } }, "optimizer", 'is "adam"; it is one of adamw, sgd'],
    [{ optimizer: { ...adamw, betas: [0.9, 1] } }, "betas", "is 1; it lies in 0 … 1, without 1"],
    [{ optimizer: { kind: "adamw" } }, "betas", "is undefined; they are two"],
    [{ optimizer: { ...adamw, betas: [0.9] } }, "betas", "is 0.9; they are two"],
    [{ optimizer: { ...adamw, epsilon: 0 } }, "epsilon", "is 0; it must be above 0"],
    [{ optimizer: { ...adamw, weightDecay: -1 } }, "weightDecay", "is -1; it must be 0 or more"],
    [{ optimizer: { ...sgd, momentum: 1 } }, "momentum", "is 1; it lies in 0 … 1, without 1"],
  ])("refuses %j", (wrong, field, message) => {
    const [named, full] = fault(wrong as Partial<TrainingConfig>);
    expect(named).toBe(field);
    expect(full).toContain(message);
  });

  test("allows a constant rate a warm-up longer than the run", () => {
    const config = { steps: 5, schedule: { kind: "constant", rate: 1, warmup: 9 } } as const;
    expect(trainingConfig(config).schedule.warmup).toBe(9);
  });
});

function fault(given: Partial<TrainingConfig>): [field: string, message: string] {
  try {
    trainingConfig(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return [(error as ConfigError).field, (error as ConfigError).message];
  }
  throw new Error("trainingConfig accepted it");
}
