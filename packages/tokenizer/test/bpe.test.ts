import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { SpecialTokenError, trainBPE } from "../src/index.ts";
import { listedMerges, Merger } from "../src/merge.ts";
import { naiveEncode } from "./naive.ts";
import { runs, SCRIPTS, STORY, text } from "./samples.ts";

const byteStrings = (tokenizer: ReturnType<typeof trainBPE>, ids: Int32Array): string[] =>
  Array.from(ids, (id) => String.fromCharCode(...tokenizer.token(id)));

function mergesOf(tokenizer: ReturnType<typeof trainBPE>): [string, string][] {
  const { vocab, merges } = tokenizer.toJSON().model;
  const bytes = (name: string) => String.fromCharCode(...tokenizer.token(vocab[name]!));
  return merges.map(([left, right]) => [bytes(left), bytes(right)]);
}

describe("encode", () => {
  const tokenizer = trainBPE(STORY + SCRIPTS, { vocabulary: 400 });
  const merges = mergesOf(tokenizer);

  test("applies the earliest merge first, leftmost first", () => {
    for (const sample of [STORY, SCRIPTS, "the key's there", "keykeykey", "日本語日本語", ""])
      expect(byteStrings(tokenizer, tokenizer.encode(sample))).toEqual(naiveEncode(sample, merges));
  });

  test("does so on random text", () => {
    fc.assert(
      fc.property(text, (sample) => {
        const tokens = byteStrings(tokenizer, tokenizer.encode(sample));
        expect(tokens).toEqual(naiveEncode(sample, merges));
      }),
      { ...runs, numRuns: 100 },
    );
  });

  test("does so on long pieces of few letters, where merges compete", () => {
    const repeats = trainBPE(["ab".repeat(9), "aab abb", "a".repeat(21)], { vocabulary: 280 });
    const pairs = mergesOf(repeats);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 90 }), (sample) => {
        const tokens = byteStrings(repeats, repeats.encode(sample));
        expect(tokens).toEqual(naiveEncode(sample, pairs));
      }),
      { ...runs, numRuns: 150 },
    );
  });

  test("gives the same ids again, and the caller's array is the caller's", () => {
    const first = tokenizer.encode("the key");
    const copy = [...first];
    first.fill(0);
    expect([...tokenizer.encode("the key")]).toEqual(copy);
    const token = tokenizer.token(copy[0]!);
    token.fill(0);
    expect(tokenizer.decode(copy)).toBe("the key");
  });

  test("gives the same ids when more pieces pass than the cache holds", () => {
    const other = trainBPE(STORY, { vocabulary: 300 });
    const before = [...other.encode("old oak tree")];
    const many = Array.from({ length: 70_000 }, (_, i) => `${i} `).join("");
    expect(other.decode(other.encode(many))).toBe(many);
    expect([...other.encode("old oak tree")]).toEqual(before);
  });

  test("looks pairs up in proportion to the length, not to its square", () => {
    // "a" × 2^k merges into one token of 2^k through k merges.
    const triples = Int32Array.from([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]);
    const lookups = (length: number): number => {
      const merges = listedMerges(triples);
      const look = vi.spyOn(merges, "look");
      const merger = new Merger(merges);
      merger.reserve(length);
      for (let i = 0; i <= length; i++) merger.starts[i] = i;
      expect(merger.merge(new Uint8Array(length), length)).toBe(length / 16);
      return look.mock.calls.length;
    };
    expect(lookups(32_000)).toBeLessThan(3 * 32_000);
    expect(lookups(320_000)).toBeLessThan(3 * 320_000);
  });

  test("takes one million repeated characters", () => {
    const repeats = trainBPE("a".repeat(500), { vocabulary: 262 });
    for (const c of ["a", " "]) {
      const long = c.repeat(1_000_000);
      expect(repeats.decode(repeats.encode(long))).toBe(long);
    }
  }, 60_000);
});

describe("special tokens", () => {
  const tokenizer = trainBPE(STORY, {
    vocabulary: 300,
    specials: ["<|end|>", "<|end|><|end|>", "<|start|>", "\n\n"],
  });
  const [end, twice, start, blank] = tokenizer.specials.values();
  const ids = (text: string) => [...tokenizer.encode(text, { disallowedSpecial: [] })];

  test("are an error by default, which names the token, its place and both remedies", () => {
    const encode = () => tokenizer.encode("ab <|start|> c");
    expect(encode).toThrow(SpecialTokenError);
    expect(encode).toThrow(
      'encode: the text holds the special token "<|start|>" at position 3; pass allowedSpecial: ["<|start|>"] ' +
        "to encode it as that token, or disallowedSpecial: [] as ordinary text",
    );
  });

  test("become their ids when allowed, at any position", () => {
    expect([
      ...tokenizer.encode("<|end|>ab<|start|><|end|>c<|end|>", { allowedSpecial: "all" }),
    ]).toEqual([end, ...ids("ab"), start, end, ...ids("c"), end]);
  });

  test("are read longest first where two share a start", () => {
    expect([...tokenizer.encode("<|end|><|end|><|end|>", { allowedSpecial: "all" })]).toEqual([
      twice,
      end,
    ]);
  });

  test("that are not allowed stay an error beside those that are", () => {
    const allowedSpecial = new Set(["<|end|>"]);
    expect(() => tokenizer.encode("<|end|>\n\n", { allowedSpecial })).toThrow(
      'the special token "\\n\\n" at position 7',
    );
  });

  test("that are neither allowed nor disallowed are text", () => {
    const text = "<|end|> <|start|>";
    expect(ids(text).some((id) => id < 4)).toBe(false);
    expect(tokenizer.decode(ids(text))).toBe(text);
    expect([
      ...tokenizer.encode(text, { allowedSpecial: ["<|end|>"], disallowedSpecial: [] }),
    ]).toEqual([end, ...ids(" <|start|>")]);
  });

  test("can be disallowed one by one, also when they are no tokens at all", () => {
    expect(() => tokenizer.encode("a <|no|>", { disallowedSpecial: ["<|no|>"] })).toThrow(
      '"<|no|>" at position 2',
    );
    expect([...tokenizer.encode("\n\n", { allowedSpecial: "all" })]).toEqual([blank]);
  });

  test("cut the text: what stands before one is cut as at the end of a text", () => {
    expect([...tokenizer.encode("a  <|end|>b", { allowedSpecial: "all" })]).toEqual([
      ...ids("a  "),
      end,
      ...ids("b"),
    ]);
    expect(ids("a  b")).not.toEqual([...ids("a  "), ...ids("b")]);
  });

  test("decode to what they spell", () => {
    expect(tokenizer.decode([start!, twice!, ...ids("x"), blank!])).toBe(
      "<|start|><|end|><|end|>x\n\n",
    );
  });

  test("with signs of regular expressions are taken literally", () => {
    const odd = trainBPE("x", { vocabulary: 258, specials: ["[.*+?^$(x)|{}/\\]", "a|b"] });
    const text = "a [.*+?^$(x)|{}/\\] a|b b";
    const encoded = odd.encode(text, { allowedSpecial: "all" });
    expect([...encoded].filter((id) => id < 2)).toEqual([0, 1]);
    expect(odd.decode(encoded)).toBe(text);
  });
});
