import { expect, test } from "vitest";
import {
  loadTokenizer,
  QWEN2,
  readVocabMerges,
  TokenizerFormatError,
  trainBPE,
  writeVocabMerges,
} from "../src/index.ts";
import { STORY } from "./samples.ts";

const trained = trainBPE(STORY, { vocabulary: 300, specials: ["<|endoftext|>"] });
const { vocab, merges } = writeVocabMerges(trained);
const specials = ["<|endoftext|>"];

test("what is written is read again", () => {
  expect(merges.split("\n").slice(0, 2)).toEqual(["#version: 0.2", "h e"]);
  const read = readVocabMerges(vocab, merges, { specials });
  expect(read.encode(STORY)).toEqual(trained.encode(STORY));
  expect([...read.specials]).toEqual([["<|endoftext|>", 0]]);
  expect(writeVocabMerges(read)).toEqual({ vocab, merges });
  expect(read.toJSON()).toEqual(trained.toJSON());
});

test("files without a version line, with \\r\\n, and specials after the vocabulary", () => {
  const lines = merges.split("\n").slice(1).join("\r\n");
  const read = readVocabMerges(vocab, lines, { specials: [...specials, "<pad>", "<sep>"] });
  expect(read.encode(STORY)).toEqual(trained.encode(STORY));
  expect([...read.encode("<sep><pad>", { allowedSpecial: "all" })]).toEqual([301, 300]);
});

test("a special that is a byte of the vocabulary is that byte in ordinary text", () => {
  const read = readVocabMerges(vocab, merges, { specials: ["!"] });
  const text = "sure! ";
  expect(read.encode(text, { disallowedSpecial: [] })).toEqual(trained.encode(text));
});

test("another pattern cuts, and goes along into a tokenizer.json", () => {
  const read = readVocabMerges(vocab, merges, { pretokenizer: QWEN2, specials });
  const text = "it's 1987, or 2004";
  expect(read.encode(text)).not.toEqual(trained.encode(text));
  expect(loadTokenizer(read.toJSON()).encode(text)).toEqual(read.encode(text));
});

test("half a file is an error that names what is missing", () => {
  expect(() => readVocabMerges(vocab.slice(0, 500), merges)).toThrow("vocab.json: is not JSON");
  expect(() => readVocabMerges(vocab, "h e\nhe")).toThrow("model.merges[1]: has 1 parts");
  const few = Object.fromEntries(Object.entries(JSON.parse(vocab)).slice(0, 280));
  expect(() => readVocabMerges(JSON.stringify(few), merges)).toThrow(TokenizerFormatError);
});
