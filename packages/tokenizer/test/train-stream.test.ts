import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashOf } from "../src/byte-table.ts";
import {
  CL100K,
  GPT2,
  O200K,
  type Pretokenizer,
  type TrainProgress,
  trainBPE,
  trainBPEStream,
} from "../src/index.ts";
import { PieceCounter } from "../src/piece-counter.ts";
import { anyBytes, anyString, SCRIPTS, STORY, text, wellFormed } from "./samples.ts";

async function* stream<T>(parts: Iterable<T>): AsyncGenerator<T> {
  yield* parts;
}

/** `whole` in parts that end at the given fractions of it. */
function cutAt<T extends { slice(from: number, to: number): T; readonly length: number }>(
  whole: T,
  fractions: readonly number[],
): T[] {
  const ends = fractions.map((f) => Math.floor(f * whole.length)).sort((a, b) => a - b);
  return [...ends, whole.length].map((end, i) => whole.slice(ends[i - 1] ?? 0, end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

const counterOf = (pretokenizer: Pretokenizer) =>
  new PieceCounter({ pretokenizer, maxWords: Infinity, longest: Infinity }, () => {});

/** Piece → count. */
function countsOf({ pieces, counts }: PieceCounter): Map<string, number> {
  const { bytes, starts, size } = pieces;
  return new Map(
    Array.from({ length: size }, (_, i) => [
      String.fromCharCode(...bytes.subarray(starts[i], starts[i + 1])),
      counts[i]!,
    ]),
  );
}

describe.each([
  { name: "GPT-2", pretokenizer: GPT2 },
  { name: "cl100k", pretokenizer: CL100K },
  { name: "o200k", pretokenizer: O200K },
])("$name's pieces", ({ pretokenizer }) => {
  test("are counted alike whatever the parts, and as the scanner cuts the whole", () => {
    const sample = fc.array(fc.oneof(text, fc.constant(STORY)), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sample, cuts, (samples, fractions) => {
        // Longer than what a counter holds before it looks for a place to cut.
        let long = samples.join("");
        while (long.length < 150_000) long += `${long}a`;
        const counter = counterOf(pretokenizer);
        for (const part of cutAt(long, fractions)) counter.push(part);
        counter.end();

        const bytes = new TextEncoder().encode(long);
        const expected = new Map<string, number>();
        const [scan] = pretokenizer.scanners;
        for (let from = 0; from < bytes.length; ) {
          const to = scan!(bytes, from, bytes.length, 0);
          const piece = String.fromCharCode(...bytes.subarray(from, to));
          expected.set(piece, (expected.get(piece) ?? 0) + 1);
          from = to;
        }
        expect(countsOf(counter)).toEqual(expected);
        expect(counter.units).toBe(long.length);
      }),
      { seed: 20, numRuns: 20 },
    );
  });
});

test.each([
  { name: "the rarer half goes", texts: "aaabbcde", counts: { a: 3, b: 2, e: 1 } },
  { name: "of equals the later ones go", texts: "abcdef", counts: { a: 1, b: 1, e: 1, f: 1 } },
  {
    name: "what comes again is counted anew",
    texts: "aabbccdec",
    counts: { a: 2, b: 2, e: 1, c: 1 },
  },
  { name: "and again", texts: "aabbcdeffffgh", counts: { f: 4, a: 2, g: 1, h: 1 } },
])("of more pieces than maxWords, $name", ({ texts, counts }) => {
  const counter = new PieceCounter({ pretokenizer: GPT2, maxWords: 4, longest: 9 }, () => {});
  for (const one of texts) {
    counter.push(one);
    counter.end();
  }
  expect(countsOf(counter)).toEqual(new Map(Object.entries(counts)));
});

describe("trainBPEStream equals trainBPE on the joined text", () => {
  const options = { vocabulary: 320 };

  test("of strings, surrogate pairs cut too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, anyString), cuts, async (sample, fractions) => {
        const whole = `${sample}😀${SCRIPTS}`;
        const trained = await trainBPEStream(stream(cutAt(whole, fractions)), options);
        expect(trained.toJSON()).toEqual(trainBPE(wellFormed(whole), options).toJSON());
      }),
      { seed: 20, numRuns: 60 },
    );
  });

  test("of UTF-8, characters cut and broken bytes among them", async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, cuts, async (sample, fractions) => {
        const whole = Uint8Array.from([...sample, ...new TextEncoder().encode(SCRIPTS)]);
        const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole);
        const trained = await trainBPEStream(stream(cutAt(whole, fractions)), options);
        expect(trained.toJSON()).toEqual(trainBPE(decoded, options).toJSON());
      }),
      { seed: 20, numRuns: 60 },
    );
  });

  test("of bytes and strings: a string ends an unfinished character", async () => {
    const trained = await trainBPEStream(stream([Uint8Array.of(0xf0, 0x9f), "ab"]), options);
    expect(trained.toJSON()).toEqual(trainBPE("\ufffdab", options).toJSON());
  });
});

describe("trainBPEStream", () => {
  test("reports both phases; the length is not known", async () => {
    const seen: TrainProgress[] = [];
    const part = STORY.repeat(1000);
    await trainBPEStream(stream(Array.from({ length: 8 }, () => part)), {
      vocabulary: 300,
      onProgress: (progress) => seen.push(progress),
    });
    const done = seen.filter(({ phase }) => phase === "counting").map((progress) => progress.done);
    expect(
      seen.every(({ phase, total }) => total === (phase === "merging" ? 300 : undefined)),
    ).toBe(true);
    expect(done).toHaveLength(Math.floor((8 * part.length) / 2 ** 20) + 1);
    expect(done.at(-1)).toBe(8 * part.length);
  });

  test("an abort closes the stream and rejects with the signal's reason", async () => {
    const controller = new AbortController();
    let [given, closed] = [0, false];
    async function* endless() {
      try {
        for (;;) {
          if (++given === 3) controller.abort(new Error("enough"));
          yield STORY;
        }
      } finally {
        closed = true;
      }
    }
    const training = trainBPEStream(endless(), { vocabulary: 300, signal: controller.signal });
    await expect(training).rejects.toThrow("enough");
    expect([given, closed]).toEqual([3, true]);
  });

  test("aborts amid merging", async () => {
    const controller = new AbortController();
    const training = trainBPEStream(stream([STORY]), {
      vocabulary: 500,
      signal: controller.signal,
      onProgress: ({ phase }) => {
        if (phase === "merging") controller.abort(new Error("enough"));
      },
    });
    await expect(training).rejects.toThrow("enough");
  });

  test("holds the distinct pieces of endless text, as many as maxWords, and no text", () => {
    const maxWords = 1000;
    const counter = new PieceCounter({ pretokenizer: GPT2, maxWords, longest: 2 ** 24 }, () => {});
    for (let million = 0; million < 32; million++) {
      let part = "";
      for (let i = 0; part.length < 2 ** 20; i++) part += `the key ${million * 1e6 + i}, `;
      counter.push(part);
      expect(counter.pieces.size).toBeLessThanOrEqual(maxWords);
    }
    counter.end();
    expect(counter.units).toBeGreaterThan(32 * 2 ** 20);
    const held = [counter.pieces.bytes, counter.pieces.starts, counter.counts];
    expect(held.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(200_000);
    const key = new TextEncoder().encode(" key");
    expect(counter.counts[counter.pieces.find(key, 0, 4, hashOf(key, 0, 4))]).toBeGreaterThan(1e6);
  });

  test("refuses text in which no piece ends, which trainBPE takes", async () => {
    const uncut: Pretokenizer = { ...GPT2, boundary: undefined };
    const million = "a b ".repeat(2 ** 18);
    const training = trainBPEStream(stream(Array.from({ length: 40 }, () => million)), {
      vocabulary: 257,
      pretokenizer: uncut,
    });
    await expect(training).rejects.toThrow(
      /^trainBPEStream: \d+ bytes without a place where a token must end.*Pass whole texts to trainBPE instead$/,
    );
    const whole = trainBPE(STORY.repeat(500), { vocabulary: 300, pretokenizer: uncut });
    expect(whole.toJSON()).toEqual(trainBPE(STORY.repeat(500), { vocabulary: 300 }).toJSON());
  });

  test.each([[[]], [[""]], [[new Uint8Array(0), ""]]])(
    "refuses the empty stream %o",
    async (parts) => {
      const training = trainBPEStream(stream(parts), { vocabulary: 300 });
      await expect(training).rejects.toThrow("trainBPE: the text is empty");
    },
  );

  test("refuses options before it reads", async () => {
    let read = false;
    async function* never() {
      read = true;
      yield "a";
    }
    await expect(trainBPEStream(never(), { vocabulary: 3 })).rejects.toThrow(
      "cannot hold the 256 bytes",
    );
    expect(read).toBe(false);
  });
});
