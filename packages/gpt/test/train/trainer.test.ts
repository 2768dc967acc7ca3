import { reference } from "@muladd/backend-reference";
import { init } from "@muladd/nn";
import { FormatError } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { GPT, readWeights } from "../../src/index.ts";
import { modelTensors, Trainer } from "../../src/train/index.ts";
import { advance, create, data, type Given, modelConfig, settings, throughBytes } from "./tiny.ts";

const variants: readonly [name: string, given: Given][] = [
  ["AdamW", {}],
  [
    "SGD",
    { training: { optimizer: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } } },
  ],
  [
    "SGD with momentum",
    { training: { optimizer: { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 } } },
  ],
  ["dropout", { model: { dropout: 0.2 } }],
  ["accumulated gradients", { training: { accumulate: 3 } }],
  ["dropout and accumulated gradients", { model: { dropout: 0.2 }, training: { accumulate: 2 } }],
  ["sinusoidal positions and no biases", { model: { positions: "sinusoidal", bias: false } }],
];

describe.each(variants)("training with %s", (_, given) => {
  test("is decided by its seeds, to the last bit", async () => {
    const losses = await advance(create(given), 6);
    expect(await advance(create(given), 6)).toEqual(losses);
    expect(await advance(create({ ...given, seed: 2 }), 6)).not.toEqual(losses);
    const other = { ...given, training: { ...given.training, seed: 5 } };
    expect(await advance(create(other), 6)).not.toEqual(losses);
  });

  test("goes on after a checkpoint as if it had never stopped, to the last bit", async () => {
    const whole = create(given);
    const losses = await advance(whole, 10);
    const first = create(given);
    await advance(first, 5);
    const resumed = create({ ...given, seed: 99 });
    resumed.load(throughBytes(await first.save()));
    expect(resumed.step).toBe(5);
    expect(await advance(resumed, 5)).toEqual(losses.slice(5));
    expect(await readWeights(resumed.model)).toEqual(await readWeights(whole.model));
  });

  test("makes no buffers from step to step, nor by evaluating and saving", async () => {
    const backend = reference();
    const trainer = create({ ...given, backend });
    await advance(trainer, 1);
    const { buffers } = backend.memory;
    for (let i = 0; i < 3; i++) {
      await advance(trainer, 1);
      await trainer.evaluate("heldOut", 1);
      await trainer.save();
      expect(backend.memory.buffers).toBe(buffers);
    }
    const parameters = [...(await readWeights(trainer.model)).keys()].length;
    trainer[Symbol.dispose]();
    const table = given.model?.positions === "sinusoidal" ? 1 : 0;
    expect(backend.memory.buffers).toBe(parameters + table);
  });
});

describe("Trainer", () => {
  test("lowers the loss, on held-out text too", async () => {
    const trainer = create({ training: { steps: 60 } });
    const before = await trainer.evaluate("heldOut");
    const losses = await advance(trainer, 60);
    expect(before).toBeCloseTo(Math.log(modelConfig().vocabulary), 0); // knows nothing
    expect(await trainer.evaluate("heldOut")).toBeLessThan(before - 0.5);
    expect(losses.at(-1)![0]).toBeLessThan(losses[0]![0] - 0.5);
  });

  test("reports step, rate and tokens", async () => {
    const trainer = create({ training: { accumulate: 2 } });
    expect([trainer.step, trainer.tokensPerStep]).toEqual([0, 2 * 2 * 8]);
    const reports = [await trainer.advance(), await trainer.advance()];
    expect(reports.map((r) => r.step)).toEqual([1, 2]);
    expect(reports[0]!.rate).toBeCloseTo(0.01 / 4, 12);
    expect(reports[1]!.rate).toBeCloseTo(0.02 / 4, 12);
    expect(reports[0]!.tokens).toBe(32);
  });

  test("reads the losses of several steps together, which are those of one after the other", async () => {
    const [series, single] = [create(), create()];
    const { buffers } = series.backend.memory;
    const reports = [...(await series.advanceBy(3)), ...(await series.advanceBy(4))];
    const expected = [];
    for (let i = 0; i < 7; i++) expected.push(await single.advance());
    expect(reports).toEqual(expected);
    expect(await series.save()).toEqual(await single.save());
    expect(series.backend.memory.buffers).toBe(buffers);
  });

  test("evaluates the same at every call, and each part by itself", async () => {
    const trainer = create();
    await advance(trainer, 3);
    const heldOut = await trainer.evaluate("heldOut");
    expect(await trainer.evaluate("heldOut")).toBe(heldOut);
    expect(await trainer.evaluate("train")).not.toBe(heldOut);
    expect(await trainer.evaluate("heldOut", 5)).not.toBe(heldOut);
  });

  test("evaluates without dropout, and without disturbing the course", async () => {
    const given = { model: { dropout: 0.5 } };
    expect(await create(given).evaluate("heldOut")).toBe(await create().evaluate("heldOut"));
    const trainer = create(given);
    const losses: [number, number][] = [];
    for (let i = 0; i < 3; i++) {
      losses.push(...(await advance(trainer, 1)));
      await trainer.evaluate("heldOut");
    }
    expect(losses).toEqual(await advance(create(given), 3));
  });

  test("averages two passes of a batch as one pass of the batch twice as large", async () => {
    // A text of one context and a token leaves one place to draw from: all sequences are the same one.
    const one = data.train.subarray(0, 9);
    const same = { train: one, heldOut: one };
    const train = async (batch: number, accumulate: number) => {
      const model = new GPT(modelConfig(), init(reference(), 1));
      const trainer = new Trainer({ model, config: settings({ batch, accumulate }), data: same });
      return { losses: await advance(trainer, 5), weights: await readWeights(model) };
    };
    const [split, whole] = [await train(2, 2), await train(4, 1)];
    split.losses.forEach(([loss, norm], i) => {
      expect(loss).toBeCloseTo(whole.losses[i]![0], 5); // float32, other orders of summation
      expect(norm).toBeCloseTo(whole.losses[i]![1], 5);
    });
    for (const [name, { data }] of split.weights)
      data.forEach((x, i) => {
        expect(Math.abs(x - whole.weights.get(name)!.data[i]!)).toBeLessThan(1e-4);
      });
  });

  test("draws sequences of its own for each pass of each step", async () => {
    const still = { kind: "constant", rate: 1e-30 } as const; // so that only the sequences differ
    const each = (accumulate: number, steps: number) =>
      advance(create({ training: { accumulate, schedule: still } }), steps);
    const single = (await each(1, 6)).map(([loss]) => loss);
    expect(new Set(single).size).toBe(6);
    const pairs = await each(2, 3);
    pairs.forEach(([loss], i) => {
      expect(loss).toBeCloseTo((single[2 * i]! + single[2 * i + 1]!) / 2, 6);
    });
  });

  test("drops out other elements in each step and pass", async () => {
    const one = data.train.subarray(0, 9); // one place to draw from
    const same = { train: one, heldOut: one };
    const schedule = { kind: "constant", rate: 1e-30 } as const;
    const train = async (dropout: number, accumulate: number) => {
      const model = new GPT(modelConfig({ dropout }), init(reference(), 1));
      const config = settings({ schedule, accumulate });
      return (await advance(new Trainer({ model, config, data: same }), 4)).map(([loss]) => loss);
    };
    expect(new Set(await train(0, 1)).size).toBe(1);
    const single = await train(0.3, 1);
    expect(new Set(single).size).toBe(4);
    expect((await train(0.3, 2))[0]).toBeCloseTo((single[0]! + single[1]!) / 2, 6);
  });

  test("clips to the norm it is told, and not at all for 0", async () => {
    const moved = async (clip: number) => {
      const optimizer = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
      const schedule = { kind: "constant", rate: 1 } as const;
      const trainer = create({ training: { clip, optimizer, schedule } });
      const before = await readWeights(trainer.model);
      const [report] = await advance(trainer, 1);
      let squares = 0;
      for (const [name, { data }] of await readWeights(trainer.model))
        data.forEach((x, i) => {
          squares += (x - before.get(name)!.data[i]!) ** 2;
        });
      return [Math.sqrt(squares), report![1]] as const;
    };
    const [free, norm] = await moved(0);
    expect(norm).toBeGreaterThan(0.1);
    expect(free).toBeCloseTo(norm, 4);
    expect((await moved(0.1))[0]).toBeCloseTo(0.1, 4);
    expect((await moved(1e6))[0]).toBeCloseTo(norm, 4);
  });

  test("refuses data that does not fit the model", () => {
    const model = new GPT(modelConfig({ context: 200 }), init(reference(), 1));
    expect(() => new Trainer({ model, config: settings(), data })).toThrow(
      "context of 200 does not fit the held-out text",
    );
  });
});

describe("checkpoints", () => {
  test("hold parameters, moments and the step, by name", async () => {
    const trainer = create();
    await advance(trainer, 2);
    const file = await trainer.save();
    expect(file.metadata).toEqual({ step: "2" });
    const names = [...(await readWeights(trainer.model)).keys()];
    expect([...file.tensors.keys()].sort()).toEqual(
      names.flatMap((n) => [`model.${n}`, `optimizer.m.${n}`, `optimizer.v.${n}`]).sort(),
    );
    expect([...modelTensors(file.tensors)]).toEqual([...(await readWeights(trainer.model))]);
  });

  test.each<[name: string, step: string | undefined, without: string, message: string]>([
    ["no step", undefined, "", "old.safetensors: has no step"],
    ["a step that is no number", "x", "", "old.safetensors: has no step"],
    [
      "no moments",
      "2",
      "optimizer.m.norm.gain",
      "optimizer.m.norm.gain (8) is missing; was it made with another optimizer?",
    ],
    [
      "a parameter missing",
      "2",
      "model.norm.gain",
      "old.safetensors does not fit the model: norm.gain (8) is missing",
    ],
  ])("with %s are refused, and nothing changes", async (_, step, without, message) => {
    const saved = create();
    await advance(saved, 2);
    const file = await saved.save();
    const tensors = new Map(file.tensors);
    tensors.delete(without);
    const spoiled = { tensors, metadata: step === undefined ? {} : { step } };
    const trainer = create({ seed: 5 });
    await advance(trainer, 1);
    const before = await trainer.save();
    expect(() => trainer.load(spoiled, "old.safetensors")).toThrow(FormatError);
    expect(() => trainer.load(spoiled, "old.safetensors")).toThrow(message);
    expect(await trainer.save()).toEqual(before);
  });

  test("of another optimizer are refused", async () => {
    const sgd = { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 } as const;
    const file = await create({ training: { optimizer: sgd } }).save();
    expect(() => create().load(file)).toThrow("was it made with another optimizer?");
  });
});
