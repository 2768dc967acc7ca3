import { describe, expect, test } from "vitest";
import {
  ByteTokenizer,
  bytes,
  CharacterTokenizer,
  characters,
  huggingFaceJSON,
  loadTokenizer,
  SpecialTokenError,
  TokenizerFormatError,
  trainBPE,
} from "../src/index.ts";
import { STORY } from "./samples.ts";

type Json = { [name: string]: unknown };

const trained = trainBPE(STORY, { vocabulary: 280, specials: ["<|endoftext|>"] });
const saved = JSON.stringify(trained);

/** The saved BPE with the fields along `path` set to `value`, or removed when it is undefined. */
function changed(path: string, value: unknown): Json {
  const file = JSON.parse(saved) as Json;
  const names = path.split("/");
  let at = file;
  for (const name of names.slice(0, -1)) at = at[name] as Json;
  if (value === undefined) delete at[names.at(-1)!];
  else at[names.at(-1)!] = value;
  return file;
}

/** Loading fails, names `field`, and says `message`. */
function refuses(json: unknown, field: string, message: string): void {
  let caught: unknown;
  try {
    loadTokenizer(json);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(TokenizerFormatError);
  expect((caught as TokenizerFormatError).field).toBe(field);
  expect((caught as Error).message).toContain(message);
}

const WHOLE = "(whole file)";

describe("what is no tokenizer", () => {
  test.each([
    ["null", null, "is null, not an object"],
    ["a number", 3, "is 3, not an object"],
    ["an array", [1, 2], "is an array of 2, not an object"],
    ["another object", { hidden_size: 4 }, 'neither a "model" (Hugging Face) nor a "muladd" field'],
    ["an empty file", "", "is not JSON"],
    ["a file cut short", saved.slice(0, 2000), "is not JSON"],
  ])("%s", (_, json, message) => {
    refuses(json, WHOLE, message);
  });

  test("the message has the remedy", () => {
    refuses(saved.slice(0, 99), WHOLE, "restore it from a copy, or train the tokenizer again");
  });
});

describe("characters and bytes in Hugging Face's form", () => {
  const text = '0 1\n"é€😀a\u0000';

  test("are what they were", () => {
    const all = characters(text);
    const again = loadTokenizer(JSON.stringify(huggingFaceJSON(all)));
    expect(again).toBeInstanceOf(CharacterTokenizer);
    expect(again.toJSON()).toEqual(all.toJSON());
    const read = loadTokenizer(JSON.stringify(huggingFaceJSON(bytes())));
    expect(read).toBeInstanceOf(ByteTokenizer);
    expect([...read.encode(text)]).toEqual([...bytes().encode(text)]);
    expect(read.decode(read.encode(text))).toBe(text);
  });

  const ofCharacters = huggingFaceJSON(characters("ab"));
  const ofBytes = huggingFaceJSON(bytes());
  const { "!": bang, ...others } = ofBytes.model.vocab;

  test.each([
    ["a version to come", ofCharacters, { version: "9.9" }],
    ["a truncation", ofCharacters, { truncation: { max_length: 5 } }],
    ["a padding", ofCharacters, { padding: { pad_id: 0 } }],
    ["a normalizer", ofCharacters, { normalizer: { type: "NFC" } }],
    ["another decoder", ofCharacters, { decoder: { type: "ByteFallback" } }],
    ["no characters", ofCharacters, { vocab: {} }],
    ["a gap", ofCharacters, { vocab: { a: 0, b: 2 } }],
    ["two characters in one", ofCharacters, { vocab: { a: 0, bc: 1 } }],
    ["an unknown token", ofCharacters, { unk_token: "a" }],
    ["merges", ofCharacters, { merges: [["a", "b"]] }],
    ["another model", ofCharacters, { type: "WordPiece" }],
    ["a dropout", ofCharacters, { dropout: 0.1 }],
    ["bytes, and a version to come", ofBytes, { version: "9.9" }],
    ["bytes in another order", ofBytes, { vocab: { ...others, "!": 255, ÿ: bang } }],
    [
      "bytes cut by a pattern",
      ofBytes,
      { pre_tokenizer: { ...ofBytes.pre_tokenizer, use_regex: true } },
    ],
    [
      "bytes after a space",
      ofBytes,
      { pre_tokenizer: { ...ofBytes.pre_tokenizer, add_prefix_space: true } },
    ],
    ["bytes and one more", ofBytes, { vocab: { ...ofBytes.model.vocab, "<pad>": 256 } }],
    [
      "bytes, one of them special",
      ofBytes,
      { added_tokens: [{ id: 33, content: "!", special: true }] },
    ],
  ])("%s: neither characters nor bytes", (_, json, change) => {
    const file = { ...json, ...change, model: { ...json.model, ...change } };
    let kind = "refused";
    try {
      ({ kind } = loadTokenizer(file));
    } catch (error) {
      expect(error).toBeInstanceOf(TokenizerFormatError);
    }
    expect(["refused", "bpe"]).toContain(kind);
  });

  test("a file of nothing but their shape is refused by name", () => {
    const model = { merges: [] };
    refuses({ added_tokens: [], decoder: { type: "Fuse" }, model }, "version", "is missing");
    refuses(
      { ...ofCharacters, model: { ...ofCharacters.model, vocab: {} } },
      "model.vocab",
      "is empty",
    );
  });

  test("bytes are streamed as they come, however long a text without a cut", () => {
    const encoder = loadTokenizer(ofBytes).encoder();
    expect([...encoder.push("aé")]).toEqual([97, 0xc3, 0xa9]);
    expect([...encoder.flush()]).toEqual([]);
  });
});

describe("our own format", () => {
  test("the text of a file loads like its value", () => {
    const file = { muladd: 1, type: "characters", characters: ["a", "😀", "\n"] };
    expect([...loadTokenizer(JSON.stringify(file)).encode("😀\na")]).toEqual([1, 2, 0]);
    expect(loadTokenizer(file).toJSON()).toEqual(file);
  });

  test.each([
    [{ muladd: 2, type: "bytes" }, "muladd", "format version 2 is newer than 1"],
    [{ muladd: 2, type: "bytes" }, "muladd", "update @muladd/tokenizer"],
    [{ muladd: "1", type: "bytes" }, "muladd", 'is "1", not a format version'],
    [{ muladd: 1 }, "type", "is missing"],
    [{ muladd: 1, type: "words" }, "type", '"words" is none of "characters", "bytes"'],
    [{ muladd: 1, type: "characters" }, "characters", "is missing (an array is needed)"],
    [{ muladd: 1, type: "characters", characters: "abc" }, "characters", 'is "abc", not an array'],
    [{ muladd: 1, type: "characters", characters: [] }, "characters", "is empty"],
    [
      { muladd: 1, type: "characters", characters: ["a", 5] },
      "characters[1]",
      "is 5, not a string",
    ],
    [{ muladd: 1, type: "characters", characters: ["ab"] }, "characters[0]", "not exactly one"],
    [{ muladd: 1, type: "characters", characters: [""] }, "characters[0]", "not exactly one"],
    [{ muladd: 1, type: "characters", characters: ["\ud800"] }, "characters[0]", "not exactly one"],
    [{ muladd: 1, type: "characters", characters: ["a", "a"] }, "characters[1]", "there twice"],
  ])("refuses %j (%s)", (file, field, message) => {
    refuses(file, field, message);
  });

  const byteRanks = Array.from({ length: 256 }, (_, byte) => btoa(String.fromCharCode(byte)));
  const ranks = `! 0 ${byteRanks.join(" ")}`;
  const own = (specials: { [content: string]: number }) => ({
    ...{ muladd: 1, type: "tiktoken", pattern: "gpt2" },
    ...{ specials, ranks },
  });

  test.each([
    ["<|x|>", 4_000_000_000, "id 4000000000 leaves gaps: there are fewer ranks"],
    ["<|x|>", ranks.length + 2 ** 16 + 1, "leaves gaps"],
    ["", 256, "is empty"],
    ["<\ud800>", 256, "holds a lone surrogate"],
  ])("refuses the special %j with the id %i", (content, id, message) => {
    refuses(own({ [content]: id }), `specials[${JSON.stringify(content)}]`, message);
  });

  test("takes a special after as many ids without a token as may be", () => {
    expect(loadTokenizer(own({ "<|x|>": 256 + 1 + 2 ** 16 })).size).toBe(256 + 2 + 2 ** 16);
  });
});

describe("tokenizer.json", () => {
  test("merges may be strings, as they were before tokenizers 0.20", () => {
    const merges = trained.toJSON().model.merges.map((pair) => pair.join(" "));
    expect(loadTokenizer(changed("model/merges", merges)).toJSON()).toEqual(JSON.parse(saved));
  });

  test.each([
    ["post_processor", { type: "ByteLevel", add_prefix_space: true, trim_offsets: false }],
    ["model/unk_token", "<|endoftext|>"],
    ["model/continuing_subword_prefix", ""],
    ["model/end_of_word_suffix", ""],
    ["model/type", undefined],
    ["truncation", undefined],
    ["pre_tokenizer/use_regex", undefined],
    ["model/ignore_merges", undefined],
  ])("%s = %j changes no id, and loads", (path, value) => {
    const loaded = loadTokenizer(changed(path, value));
    expect(loaded.encode(STORY)).toEqual(trained.encode(STORY));
  });

  test("a special token need not be in the vocabulary of the model", () => {
    const file = changed("added_tokens/1", { id: 280, content: "<|pad|>", special: true });
    const loaded = loadTokenizer(file);
    expect(loaded.size).toBe(281);
    expect([...loaded.encode("<|pad|>", { allowedSpecial: "all" })]).toEqual([280]);
    expect(loadTokenizer(loaded.toJSON()).specials.get("<|pad|>")).toBe(280);
  });

  test("a special token may be one byte of text, which ordinary text does not become", () => {
    const file = changed("added_tokens/1", { id: 280, content: " ", special: true });
    const loaded = loadTokenizer(file);
    expect([...loaded.encode(" ", { allowedSpecial: "all" })]).toEqual([280]);
    expect(loaded.encode(" a  b", { disallowedSpecial: [] })).toEqual(trained.encode(" a  b"));
  });

  test("a special token that is a character of the model is one in ordinary text too", () => {
    const added = { lstrip: false, rstrip: false, single_word: false, normalized: false };
    const text = { disallowedSpecial: [] };
    const level = huggingFaceJSON(trained);
    const pad = { ...added, id: trained.id("!"), content: "!", special: true };
    const bang = loadTokenizer({ ...level, added_tokens: [...level.added_tokens, pad] });
    expect(() => bang.encode("a!")).toThrow(SpecialTokenError);
    expect([...bang.encode("a!", text)]).toEqual([bang.id("a"), bang.id("!")]);
    const vocab = { "<unk>": 0, a: 1, "!": 2, "€": 3 };
    const tokens = [2, 3].map((id) => ({ ...added, id, content: "!€"[id - 2], special: true }));
    const model = { type: "BPE", unk_token: "<unk>", vocab, merges: [] };
    const decoder = { type: "Fuse" };
    const words = loadTokenizer({ version: "1.0", added_tokens: tokens, decoder, model });
    expect([...words.encode("a!€b", text)]).toEqual([1, 2, 3, 0]);
  });

  test("ordinary text does not become a special token, though merges could make it", () => {
    const content = trained.toJSON().model.merges[0]!.join("");
    const file = changed("added_tokens/1", { id: 257, content, special: true });
    const loaded = loadTokenizer(file);
    const text = { disallowedSpecial: [] };
    expect(trained.encode(content)).toEqual(Int32Array.of(257));
    expect(loaded.encode(content, text)).toHaveLength(2);
    expect([...loaded.encode(content, { allowedSpecial: "all" })]).toEqual([257]);
    expect(loaded.toJSON()).toMatchObject({ model: { merges: trained.toJSON().model.merges } });
  });

  test("an added token that is not special is always found, a special one when it is allowed", () => {
    const file = changed("added_tokens/1", { id: 280, content: "<tool>", special: false });
    const loaded = loadTokenizer(file);
    expect([...loaded.encode("<tool>")]).toEqual([280]);
    expect([loaded.id("<tool>"), loaded.specials.has("<tool>")]).toEqual([280, false]);
    expect(() => loaded.encode("<tool><|endoftext|>")).toThrow(SpecialTokenError);
    expect([...loaded.encode("<tool><|endoftext|>", { allowedSpecial: "all" })]).toEqual([280, 0]);
    const ids = [280, 0, 280];
    expect(loaded.decode(ids, { skipSpecialTokens: true })).toBe("<tool><tool>");
    const decoder = loaded.decoder({ skipSpecialTokens: true });
    expect(ids.map((id) => decoder.push(id)).join("")).toBe("<tool><tool>");
  });

  test("ids that no token has are no error in the vocabulary, and one when they are decoded", () => {
    const loaded = loadTokenizer(changed("model/vocab/<gap>", 290));
    expect(loaded.size).toBe(291);
    expect(() => loaded.decode([285])).toThrow("id 285 at position 0 is not in the vocabulary");
    expect(loadTokenizer(loaded.toJSON()).decode([290])).toBe("<gap>");
  });

  test("bytes that UTF-8 never has need no token", () => {
    const file = changed("model/vocab/À", undefined);
    expect(loadTokenizer(file).encode(STORY)).toEqual(trained.encode(STORY));
  });

  test("a byte without a token is unknown where the file says so", () => {
    const file = changed("model/vocab/Z", undefined);
    const loaded = loadTokenizer({ ...file, model: { ...(file.model as Json), unk_token: "!" } });
    expect([...loaded.encode("aZZb")]).toEqual([..."a!!b"].map((one) => loaded.id(one)));
  });

  test("a token may be named like a property of objects", () => {
    const tokenizer = trainBPE(STORY, { vocabulary: 257, specials: ["__proto__"] });
    const loaded = loadTokenizer(JSON.stringify(tokenizer));
    expect([...loaded.specials]).toEqual([["__proto__", 0]]);
  });

  const name = trained.toJSON().model.merges[0]!.join("");
  const first = trained.toJSON().model.merges[0];
  const level = { type: "ByteLevel", add_prefix_space: false };
  const added = { id: 0, content: "<|endoftext|>", special: true };
  const supported = (what: string) => `supported is ${what}`;

  test.each([
    ["version", "2.0", "version", "update @muladd/tokenizer"],
    ["version", undefined, "version", "is missing"],
    ["normalizer", { type: "Nmt" }, "normalizer.type", '"Nmt" is not supported; supported is NFC'],
    ["normalizer", { type: "Replace", content: "" }, "normalizer.pattern", "is missing"],
    ["normalizer", { type: "Sequence" }, "normalizer.normalizers", "is missing, not an array"],
    [
      "normalizer",
      { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Precompiled" }] },
      "normalizer.normalizers[1].type",
      '"Precompiled" is not supported',
    ],
    [
      "normalizer",
      { type: "Replace", pattern: { Regex: "a*" }, content: "" },
      "normalizer.pattern",
      "can match nothing",
    ],
    ["truncation", { max_length: 5 }, "truncation", "not supported"],
    ["pre_tokenizer", null, "model.unk_token", "characters without a token would be lost"],
    ["pre_tokenizer/type", "Whitespace", "pre_tokenizer.type", '"Whitespace" is not supported'],
    ["pre_tokenizer/type", "Metaspace", "pre_tokenizer.replacement", "is missing"],
    ["pre_tokenizer/use_regex", "no", "pre_tokenizer.use_regex", 'is "no", not true or false'],
    ["pre_tokenizer/add_prefix_space", undefined, "pre_tokenizer.add_prefix_space", "is missing"],
    [
      "pre_tokenizer",
      { type: "Sequence", pretokenizers: [{ ...level }, { type: "Digits" }] },
      "pre_tokenizer.pretokenizers[1].type",
      "supported is ByteLevel as the last",
    ],
    [
      "pre_tokenizer",
      {
        type: "Sequence",
        pretokenizers: [{ type: "Digits" }, { ...level, add_prefix_space: true }],
      },
      "pre_tokenizer.pretokenizers[1].add_prefix_space",
      supported("false after another pre-tokenizer"),
    ],
    [
      "pre_tokenizer",
      { type: "Split", pattern: { String: "a" }, behavior: "Sometimes", invert: false },
      "pre_tokenizer.behavior",
      '"Sometimes" is not supported',
    ],
    ["post_processor", { type: "TemplateProcessing" }, "post_processor.single", "is missing"],
    ["post_processor", { type: "BertProcessing" }, "post_processor.type", "not supported"],
    [
      "post_processor",
      { type: "TemplateProcessing", single: [{ SpecialToken: { id: "constructor" } }] },
      'post_processor.special_tokens["constructor"]',
      "is missing",
    ],
    [
      "post_processor",
      {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "a" } }, { Sequence: { id: "A" } }],
        special_tokens: { a: { ids: [280] } },
      },
      'post_processor.special_tokens["a"].ids',
      "280 is not in the vocabulary",
    ],
    ["decoder", null, "decoder", "without one there is no text to tokens"],
    ["decoder", { type: "CTC" }, "decoder.type", "not supported"],
    ["model", [], "model", "is an array of 0, not an object"],
    ["model/type", "WordPiece", "model.type", '"WordPiece" is not supported'],
    ["model/dropout", 0.1, "model.dropout", "0.1 is not supported"],
    ["model/byte_fallback", 1, "model.byte_fallback", "is 1, not true or false"],
    ["model/end_of_word_suffix", "</w>", "model.end_of_word_suffix", "not supported"],
    ["model/vocab", undefined, "model.vocab", "is missing"],
    ["model/vocab/!", undefined, "model.vocab", 'byte 33 ("!") has no id'],
    ["model/vocab/!", -1, 'model.vocab["!"]', "is -1, not an integer of 0 or more"],
    ["model/vocab/!", 2, 'model.vocab["\\""]', "id 2 belongs to another token too"],
    ["model/vocab/!", 99999, 'model.vocab["!"]', "id 99999 leaves gaps"],
    ["model/vocab/!", 2 ** 53, 'model.vocab["!"]', "not an integer of 0 or more"],
    ["model/vocab/日本", 281, 'model.vocab["日本"]', "not written in byte-level characters"],
    ["model/merges", undefined, "model.merges", "is missing"],
    ["model/merges/3", ["a"], "model.merges[3]", "has 1 parts"],
    ["model/merges/3", "a b c", "model.merges[3]", "has 3 parts"],
    ["model/merges/3", [1, 2], "model.merges[3]", "is 1, not a string"],
    ["model/merges/3", ["qq", "x"], "model.merges[3]", '"qq" is not in model.vocab'],
    ["model/merges/3", [name, "!"], "model.merges[3]", "is not in model.vocab"],
    ["model/merges/3", ["", "x"], "model.merges[3]", "its result is its other part"],
    ["model/merges/3", first, "model.merges[3]", "is there twice"],
    ["added_tokens", {}, "added_tokens", "is an object, not an array"],
    ["added_tokens/0", { ...added, id: 7 }, "added_tokens[0].id", "but model.vocab has"],
    ["added_tokens/0", { ...added, lstrip: "yes" }, "added_tokens[0].lstrip", "not true or false"],
    ["added_tokens/0", { ...added, content: "" }, "added_tokens[0].content", "is empty"],
    ["added_tokens/0", { ...added, content: "é" }, "added_tokens[0].id", "but model.vocab has"],
    ["added_tokens/1", added, "added_tokens[1].content", "there twice"],
    ["added_tokens/1", { ...added, content: "<p>", id: 300 }, "added_tokens[1].id", "leaves gaps"],
    ["added_tokens/1", { content: "<p>", special: true }, "added_tokens[1].id", "is missing"],
  ])("refuses %s = %j", (path, value, field, message) => {
    refuses(changed(path, value), field, message);
  });
});
