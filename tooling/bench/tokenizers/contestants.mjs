// How each tokenizer is loaded and asked; `load` is timed and begins with nothing imported.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Installed beside this file, on demand: there are no types of it. @param {string} name */
const peer = (name) => import(name);

/**
 * @typedef {object} Contestant
 * @property {(text: string) => ArrayLike<number>} encode
 * @property {(ids: any) => string} decode of what encode gave
 * @property {((text: string) => number)} [count]
 */

const require = createRequire(import.meta.url);

/** @param {string} encoding @returns {{ bpe_ranks: string, pat_str: string, special_tokens: Record<string, number> }} */
const tiktokenData = (encoding) =>
  JSON.parse(readFileSync(require.resolve(`tiktoken/encoders/${encoding}.json`), "utf8"));

/** Muladd as built. */
export const dist = new URL("../../../packages/tokenizer/dist/index.js", import.meta.url);

/** The same vocabulary as a tokenizer.json, for those who read nothing else. @param {string} encoding */
export async function tokenizerJSON(encoding) {
  const { encodings, huggingFaceJSON, LLAMA3, patternOf, tiktoken } = await import(dist.href);
  const { pretokenizer, specials, ranks } = encodings[encoding];
  // A tokenizer.json has no ids without a token, which encodings have between their ranks and their specials.
  const all = new Map(specials);
  const taken = new Set(specials.values());
  for (let id = ranks; id < Math.max(...taken); id++) if (!taken.has(id)) all.set(`<|${id}|>`, id);
  const made = tiktoken(tiktokenData(encoding).bpe_ranks, { pretokenizer, specials: all });
  const json = huggingFaceJSON(made);
  // JavaScript has no possessive quantifiers, which cl100k's pattern of tiktoken uses: its older text gives equal ids.
  const Regex = patternOf(encoding === "cl100k_base" ? LLAMA3 : pretokenizer);
  const level = {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: false,
  };
  const split = { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false };
  return { ...json, pre_tokenizer: { type: "Sequence", pretokenizers: [split, level] } };
}

/** The longest repetition that each can take before minutes pass: of four, time grows with the square of the length. */
export const longest = /** @type {Readonly<Record<string, number>>} */ ({
  muladd: 1_000_000,
  "@huggingface/tokenizers": 100_000,
});

/** @type {Readonly<Record<string, (encoding: string, json: string) => Promise<Contestant>>>} */
export const contestants = {
  async muladd(encoding) {
    const { tiktoken } = await import(dist.href);
    const tokenizer = tiktoken(tiktokenData(encoding).bpe_ranks, encoding);
    return {
      encode: (text) => tokenizer.encode(text),
      decode: (ids) => tokenizer.decode(ids),
      count: (text) => tokenizer.count(text),
    };
  },
  async "ai-tokenizer"(encoding) {
    const { default: Tokenizer } = await peer("ai-tokenizer");
    const tokenizer = new Tokenizer(await import(`ai-tokenizer/encoding/${encoding}`));
    return {
      encode: (text) => tokenizer.encode(text),
      decode: (ids) => tokenizer.decode(ids),
      count: (text) => tokenizer.count(text),
    };
  },
  async "gpt-tokenizer"(encoding) {
    const { encode, decode, countTokens } = await import(`gpt-tokenizer/encoding/${encoding}`);
    return { encode, decode, count: countTokens };
  },
  async tiktoken(encoding) {
    const { Tiktoken } = await peer("tiktoken");
    const { bpe_ranks, special_tokens, pat_str } = tiktokenData(encoding);
    const tokenizer = new Tiktoken(bpe_ranks, special_tokens, pat_str);
    const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    return {
      encode: (text) => tokenizer.encode(text),
      decode: (ids) => utf8.decode(tokenizer.decode(ids)),
    };
  },
  async "js-tiktoken"(encoding) {
    const { Tiktoken } = await peer("js-tiktoken/lite");
    const { default: ranks } = await import(`js-tiktoken/ranks/${encoding}`);
    const tokenizer = new Tiktoken(ranks);
    return {
      encode: (text) => tokenizer.encode(text),
      decode: (ids) => tokenizer.decode(ids),
    };
  },
  async "@huggingface/tokenizers"(_, json) {
    const { Tokenizer } = await peer("@huggingface/tokenizers");
    const tokenizer = new Tokenizer(JSON.parse(readFileSync(json, "utf8")), {});
    return {
      encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
      decode: (ids) => tokenizer.decode(ids, { clean_up_tokenization_spaces: false }),
    };
  },
};
