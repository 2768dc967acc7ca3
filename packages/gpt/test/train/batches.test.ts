import { reference } from "@muladd/backend-reference";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/index.ts";
import { checkData, drawBatch, splitTokens, type TokenArray } from "../../src/train/index.ts";

const backend = reference();
const numbered = Int32Array.from({ length: 50 }, (_, i) => i); // each token tells its place

async function draw(seed: number, stream: string, index: number, tokens: TokenArray = numbered) {
  const place = { seed, stream, index };
  using batch = drawBatch(backend, tokens, { batch: 4, context: 6 }, place);
  expect(batch.ids.shape).toEqual([4, 6]);
  expect(batch.targets.shape).toEqual([4, 6]);
  return { ids: [...(await batch.ids.data())], targets: [...(await batch.targets.data())] };
}

describe("drawBatch", () => {
  test("takes runs of the text, and the same one token later as targets", async () => {
    const { ids, targets } = await draw(1, "data", 0);
    for (let at = 0; at < ids.length; at++) {
      if (at % 6 > 0) expect(ids[at]).toBe(ids[at - 1]! + 1);
      expect(targets[at]).toBe(ids[at]! + 1);
    }
  });

  test("is decided by seed, stream and index, and differs with each", async () => {
    const first = await draw(1, "data", 0);
    expect(await draw(1, "data", 0)).toEqual(first);
    for (const other of [draw(2, "data", 0), draw(1, "held out", 0), draw(1, "data", 1)])
      expect((await other).ids).not.toEqual(first.ids);
  });

  test("begins everywhere in the text, its first and last place too", async () => {
    const starts = new Set<number>();
    for (let index = 0; index < 200; index++) {
      const { ids } = await draw(3, "data", index);
      for (let b = 0; b < 4; b++) starts.add(ids[6 * b]!);
    }
    expect([...starts].sort((a, b) => a - b)).toEqual(Array.from({ length: 44 }, (_, i) => i));
  });

  test("fits a text of just one context and the token after it", async () => {
    const { ids, targets } = await draw(1, "data", 0, numbered.subarray(0, 7));
    expect(ids.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(targets.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([Uint16Array, Uint32Array])("reads %o alike", async (Kind) => {
    expect(await draw(1, "data", 5, Kind.from(numbered))).toEqual(await draw(1, "data", 5));
  });

  test("frees both tensors when it is disposed", () => {
    using own = reference();
    const place = { seed: 1, stream: "data", index: 0 };
    const batch = drawBatch(own, numbered, { batch: 1, context: 2 }, place);
    expect(own.memory.buffers).toBe(2);
    batch[Symbol.dispose]();
    expect(own.memory.buffers).toBe(0);
  });
});

describe("splitTokens", () => {
  test("holds out the end of the text: a tenth, or as told", () => {
    expect(splitTokens(numbered)).toEqual({
      train: numbered.subarray(0, 45),
      heldOut: numbered.subarray(45),
    });
    expect(splitTokens(Uint16Array.from(numbered), 0.5).train).toEqual(
      Uint16Array.from(numbered.subarray(0, 25)),
    );
  });
});

describe("checkData", () => {
  const check =
    (train: number, heldOut: number, context = 5, vocabulary = 50) =>
    () =>
      checkData(
        { train: numbered.subarray(0, train), heldOut: numbered.subarray(0, heldOut) },
        context,
        vocabulary,
      );

  test("accepts texts of a context and a token", () => {
    expect(check(6, 6)).not.toThrow();
  });

  test.each([
    [
      5,
      6,
      "context of 5 does not fit the training text of 5 tokens; give more text, or a context of 4 at most",
    ],
    [
      6,
      3,
      "context of 5 does not fit the held-out text of 3 tokens; give more text, or a context of 2 at most",
    ],
    [6, 2, "held-out text of 2 tokens; give more text, or a context of 1 at most"],
    [6, 1, "held-out text of 1 tokens; give more text"],
    [0, 6, "training text of 0 tokens; give more text"],
  ])("refuses %d tokens to train on and %d held out", (train, heldOut, message) => {
    expect(check(train, heldOut)).toThrow(ConfigError);
    expect(check(train, heldOut)).toThrow(message);
  });

  test("refuses ids that the model does not have, and says where", () => {
    expect(check(20, 6, 5, 12)).toThrow(
      "vocabulary of 12 has no id 12 (token 12 of the training text); encode the text with",
    );
    const negative = Int32Array.of(0, 1, 2, -1, 0, 1);
    expect(() => checkData({ train: numbered, heldOut: negative }, 5, 50)).toThrow(
      "no id -1 (token 3 of the held-out text)",
    );
  });
});
