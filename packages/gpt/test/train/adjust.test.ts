import { expect, test } from "vitest";
import { ConfigError } from "../../src/index.ts";
import { trainingSettings } from "../../src/train/index.ts";
import { advance, create } from "./tiny.ts";

test("a rate and a clip change amid a run; without a change nothing does", async () => {
  const [plain, same, other] = [create({}), create({}), create({})];
  await advance(plain, 3);
  await advance(same, 3);
  await advance(other, 3);
  same.adjust({});
  const { rate, floor = 0 } = other.config.schedule;
  other.adjust({ rate: rate / 10, clip: 0.1 });
  expect(other.config).toMatchObject({ clip: 0.1, schedule: { rate: rate / 10 } });
  expect(other.config.schedule.floor).toBeCloseTo(floor / 10, 12);
  const losses = await advance(plain, 3);
  expect(await advance(same, 3)).toEqual(losses);
  expect(await advance(other, 3)).not.toEqual(losses);
});

test("what cannot be is refused, and changes nothing", () => {
  const trainer = create({});
  const before = trainer.config;
  expect(() => trainer.adjust({ rate: -1 })).toThrow(ConfigError);
  expect(() => trainer.adjust({ clip: Number.NaN })).toThrow(ConfigError);
  expect(trainer.config).toBe(before);
});

test("a floor follows the rate and a warm-up a short run, unless they are given", () => {
  const base = {
    steps: 2000,
    batch: 1,
    accumulate: 1,
    clip: 1,
    optimizer: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    schedule: { kind: "cosine", rate: 1e-2, floor: 1e-3, warmup: 100 },
  } as const;
  const schedule = (s: Parameters<typeof trainingSettings>[0]) =>
    trainingSettings(s, base).schedule;
  expect(schedule({ lr: 2e-2, steps: 50 })).toMatchObject({ floor: 2e-3, warmup: 5 });
  expect(schedule({ lr: 2e-2, minLr: 0, warmup: 7 })).toMatchObject({ floor: 0, warmup: 7 });
  expect(() => schedule({ minLr: 1 })).toThrow("floor 1 is above rate 0.01; try floor 0.001");
  expect(() => trainingSettings({ beta1: 0.5 }, base)).toThrow("beta1 is not a setting of sgd");
});
