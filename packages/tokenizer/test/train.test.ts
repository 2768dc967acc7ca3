import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BPETokenizer } from "../src/bpe-tokenizer.ts";
import {
  CL100K,
  GPT2,
  LLAMA3,
  loadTokenizer,
  O200K,
  patternOf,
  type TrainProgress,
  tiktoken,
  trainBPE,
  writeTiktoken,
} from "../src/index.ts";
import fixture from "./fixtures/bpe.json" with { type: "json" };
import { ALPHABET, naiveEncode, naiveTrain } from "./naive.ts";
import { regexOf } from "./patterns.ts";
import { anyString, runs, SCRIPTS, STORY, text as sampleText } from "./samples.ts";

type Trained = ReturnType<typeof trainBPE>;

const loadAgain = (tokenizer: Trained): Trained => {
  const loaded = loadTokenizer(tokenizer.toJSON());
  if (!(loaded instanceof BPETokenizer)) throw new Error("a BPE is saved as something else");
  return loaded;
};

const byteNames = (tokenizer: Trained, id: number): string =>
  String.fromCharCode(...tokenizer.token(id));

/** The merges as byte strings. */
function mergesOf(tokenizer: Trained): [string, string][] {
  const { vocab, merges } = tokenizer.toJSON().model;
  return merges.map(([left, right]) => [
    byteNames(tokenizer, vocab[left]!),
    byteNames(tokenizer, vocab[right]!),
  ]);
}

/** Words by the generator of the fixtures' script. */
function made(letters: string, count: number): string {
  let state = 1;
  const next = () => {
    state = (75 * state + 74) % 65537;
    return state;
  };
  let text = "";
  for (let word = 0; word < count; word++) {
    for (let length = 1 + (next() % 7); length > 0; length--)
      text += letters[next() % letters.length]!;
    text += " ";
  }
  return text;
}

describe("trainBPE equals Hugging Face tokenizers", () => {
  test.each(fixture.cases)("merges, tokens and ids: $name", (sample) => {
    const { texts = [made("etaoinshrdlu", 12000)], maxTokenLength, pattern } = sample;
    const pretokenizer = pattern === "cl100k" ? LLAMA3 : GPT2;
    const tokenizer = trainBPE(texts, { ...sample, maxTokenLength, pretokenizer });
    const { vocab, merges } = tokenizer.toJSON().model;
    expect(merges.map((pair) => pair.join(" "))).toEqual(sample.merges);
    const names = Object.keys(vocab).sort((a, b) => vocab[a]! - vocab[b]!);
    expect(names.slice(256 + sample.specials.length)).toEqual(sample.learned);
    for (const { text, ids } of sample.samples) {
      expect([...tokenizer.encode(text, { allowedSpecial: "all" })]).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  test("the saved file", () => {
    const sample = fixture.cases[0]!;
    expect(trainBPE(sample.texts ?? [], sample).toJSON()).toEqual(sample.json);
    expect(loadTokenizer(sample.json).toJSON()).toEqual(sample.json);
  });
});

describe("trainBPE equals a count from scratch for each merge", () => {
  test.each([
    { name: "English", texts: [STORY], merges: 150, minFrequency: 1 },
    { name: "lines", texts: STORY.split("\n"), merges: 80, minFrequency: 2 },
    { name: "many scripts", texts: [SCRIPTS, SCRIPTS.slice(9)], merges: 120, minFrequency: 1 },
    {
      name: "one tie after another",
      texts: ["ab ba abc cba bca cab"],
      merges: 40,
      minFrequency: 1,
    },
    { name: "runs of one letter", texts: ["aaaaaaa aaaa aaaaa"], merges: 4, minFrequency: 1 },
    { name: "pairs that are too rare", texts: [STORY], merges: 400, minFrequency: 4 },
  ])("$name", ({ texts, merges, minFrequency }) => {
    const tokenizer = trainBPE(texts, { vocabulary: 256 + merges, minFrequency });
    expect(mergesOf(tokenizer)).toEqual(naiveTrain(texts, merges, minFrequency));
  });

  test.each([
    { name: "cl100k", pretokenizer: CL100K },
    { name: "o200k", pretokenizer: O200K },
  ])("with $name's pattern", ({ pretokenizer }) => {
    const texts = [`${STORY}${STORY.toUpperCase()}`, SCRIPTS];
    const options = { pattern: regexOf(patternOf(pretokenizer)) };
    const tokenizer = trainBPE(texts, { vocabulary: 356, pretokenizer });
    expect(mergesOf(tokenizer)).toEqual(naiveTrain(texts, 100, 1, options));
  });

  test.each([2, 3, 7])("with tokens of at most %i bytes", (maxTokenLength) => {
    const texts = [STORY, SCRIPTS];
    const tokenizer = trainBPE(texts, { vocabulary: 356, maxTokenLength });
    expect(mergesOf(tokenizer)).toEqual(naiveTrain(texts, 100, 1, { maxTokenLength }));
  });

  test("on random short words", () => {
    const word = fc.string({
      unit: fc.constantFrom("a", "b", "c", "é"),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const texts = [words.join(" ")];
        const tokenizer = trainBPE(texts, { vocabulary: 262 });
        expect(mergesOf(tokenizer)).toEqual(naiveTrain(texts, 6));
      }),
      { seed: 20, numRuns: 100 },
    );
  });
});

describe("the order of bytes", () => {
  const alphabet = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const specials = ["<|bos|>", "<|eos|>"];
  const texts = [STORY, SCRIPTS, " \n \u00a0\u00a0 \x80\x7f ab ba abc cba"];
  const merges = naiveTrain(texts, 200, 1, { alphabet });
  const trained = trainBPE(texts, { vocabulary: 458, order: "byte", specials });

  test("numbers bytes by value, then merges, then specials", () => {
    expect(trained.size).toBe(458);
    const ordinary = Array.from({ length: 456 }, (_, id) => byteNames(trained, id));
    expect(ordinary).toEqual([...alphabet, ...merges.map(([left, right]) => left + right)]);
    expect([...trained.specials]).toEqual([
      ["<|bos|>", 456],
      ["<|eos|>", 457],
    ]);
  });

  test("breaks ties by it: the merges differ from Hugging Face's", () => {
    expect(merges).not.toEqual(naiveTrain(texts, 200));
    expect(mergesOf(loadAgain(trained))).toEqual(merges);
  });

  test("encodes by its merges, and as tiktoken from the file of its ranks", () => {
    const again = tiktoken(writeTiktoken(trained), {
      pretokenizer: GPT2,
      specials: trained.specials,
    });
    fc.assert(
      fc.property(sampleText, (text) => {
        const ids = [...trained.encode(text)];
        expect(ids.map((id) => byteNames(trained, id))).toEqual(naiveEncode(text, merges));
        expect([...again.encode(text)]).toEqual(ids);
      }),
      runs,
    );
  });
});

describe("trainBPE", () => {
  test("numbers specials first, then the bytes by their byte-level characters", () => {
    const tokenizer = trainBPE("x", { vocabulary: 258, specials: ["<|b|>", "<|a|>"] });
    expect([...tokenizer.specials]).toEqual([
      ["<|b|>", 0],
      ["<|a|>", 1],
    ]);
    const bytes = ALPHABET.map((_, i) => byteNames(tokenizer, i + 2));
    expect(bytes).toEqual(ALPHABET);
    expect(tokenizer.size).toBe(258);
  });

  test("stops when the text runs out of pairs, and says so by its size", () => {
    expect(trainBPE("abc", { vocabulary: 1000 }).size).toBe(258);
  });

  test("does not merge across the strings of an iterable", () => {
    function* texts() {
      yield "a";
      yield "b";
    }
    expect(trainBPE(texts(), { vocabulary: 300 }).size).toBe(256);
    expect(trainBPE("ab", { vocabulary: 300 }).size).toBe(257);
  });

  test("reads lone surrogates as U+FFFD", () => {
    fc.assert(
      fc.property(anyString, (broken) => {
        const mended = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
          new TextEncoder().encode(broken),
        );
        const options = { vocabulary: 300 };
        expect(trainBPE(`${broken}x`, options).toJSON()).toEqual(
          trainBPE(`${mended}x`, options).toJSON(),
        );
      }),
      { seed: 20, numRuns: 100 },
    );
  });

  test("reports both phases, to the end", () => {
    const seen: TrainProgress[] = [];
    const text = STORY + SCRIPTS;
    trainBPE(text, { vocabulary: 500, onProgress: (progress) => seen.push(progress) });
    const [first, ...rest] = seen;
    expect(first).toEqual({ phase: "counting", done: text.length, total: text.length });
    expect(rest.map(({ phase }) => phase)).toEqual(["merging", "merging", "merging"]);
    expect(rest.map(({ done }) => done)).toEqual([356, 456, 500]);
    expect(rest.at(-1)).toEqual({ phase: "merging", done: 500, total: 500 });
  });

  test("stops with the signal's reason when it is aborted", () => {
    const controller = new AbortController();
    const reports: TrainProgress[] = [];
    const train = () =>
      trainBPE(STORY, {
        vocabulary: 400,
        signal: controller.signal,
        onProgress: (progress) => {
          reports.push(progress);
          controller.abort(new Error("enough"));
        },
      });
    expect(train).toThrow("enough");
    expect(reports).toHaveLength(1);
  });

  test("aborts amid merging too", () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const train = () =>
      trainBPE(STORY, {
        vocabulary: 500,
        signal: controller.signal,
        onProgress: ({ phase, done }) => {
          seen.push(done);
          if (phase === "merging") controller.abort(new Error("enough"));
        },
      });
    expect(train).toThrow("enough");
    expect(seen).toEqual([STORY.length, 356]);
  });

  test("refuses a special token that the text teaches", () => {
    // Not a piece of its own, but a part of one.
    const train = () =>
      trainBPE("on's on't on'm on'd", { vocabulary: 300, pretokenizer: O200K, specials: ["on'"] });
    expect(train).toThrow('special token "on\'" was learned from the text');
  });

  test("learns tokens as long as the text", () => {
    const tokenizer = trainBPE("a".repeat(2 ** 20), { vocabulary: 1000 });
    expect(tokenizer.size).toBe(256 + 20);
    expect(tokenizer.token(275)).toHaveLength(2 ** 20);
  });

  test.each([
    [{ vocabulary: 255 }, "a vocabulary of 255 cannot hold the 256 bytes; ask for 256 or more"],
    [
      { vocabulary: 257, specials: ["<|a|>", "<|b|>"] },
      "a vocabulary of 257 cannot hold the 256 bytes and 2 special tokens; ask for 258 or more",
    ],
    [{ vocabulary: Number.NaN }, "a vocabulary of NaN cannot hold"],
    [{ vocabulary: 1e9 }, "above the limit of 2097152"],
    [{ vocabulary: 300, minFrequency: -1 }, "minFrequency -1 is not an integer of 0 or more"],
    [{ vocabulary: 300, maxTokenLength: 1 }, "maxTokenLength 1 is not an integer of 2 or more"],
    [{ vocabulary: 300, maxWords: 2.5 }, "maxWords 2.5 is not an integer of 2 or more; leave it"],
    [JSON.parse('{"vocabulary": 300, "order": "rank"}'), 'order "rank" is neither "hf" nor "byte"'],
    [{ vocabulary: 300, specials: ["<x"], pretokenizer: CL100K }, '"<x" could be learned from'],
    [{ vocabulary: 300, specials: [""] }, 'special token "" is empty'],
    [{ vocabulary: 300, specials: ["a"] }, 'special token "a" is one byte'],
    [{ vocabulary: 300, specials: ["Ġthe"] }, 'special token "Ġthe" reads as other bytes'],
    [{ vocabulary: 300, specials: ["pad"] }, 'special token "pad" could be learned from text'],
    [{ vocabulary: 300, specials: ["<x>", "<x>"] }, 'special token "<x>" is listed twice'],
    [{ vocabulary: 300, specials: ["\ud800"] }, "holds a lone surrogate"],
  ])("refuses %o", (options, message) => {
    const train = () => trainBPE(STORY, options);
    expect(train).toThrow(RangeError);
    expect(train).toThrow(message);
  });

  test.each([[""], [[]], [["", ""]]])("refuses the empty text %o", (text) => {
    const train = () => trainBPE(text, { vocabulary: 300 });
    expect(train).toThrow(RangeError);
    expect(train).toThrow("trainBPE: the text is empty");
  });
});
