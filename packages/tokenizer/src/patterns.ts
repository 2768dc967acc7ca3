import { CL100K, GPT2, LLAMA3, O200K, type Pretokenizer, QWEN2 } from "./pretokenizer.ts";

const like = (digits: string) =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The patterns that have a name, as their encodings publish them. */
function published(): ReadonlyMap<string, string> {
  const [heads, bodies] = [
    String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`,
    String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`,
  ];
  const [lead, contraction] = [String.raw`[^\r\n\p{L}\p{N}]?`, "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"];

  return new Map([
    [
      GPT2.pattern,
      String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
    ],
    [
      CL100K.pattern,
      String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
    ],
    [LLAMA3.pattern, like(String.raw`\p{N}{1,3}`)],
    [QWEN2.pattern, like(String.raw`\p{N}`)],
    [
      O200K.pattern,
      [
        `${lead}${heads}*${bodies}+${contraction}`,
        `${lead}${heads}+${bodies}*${contraction}`,
        String.raw`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
      ].join("|"),
    ],
  ]);
}
const PATTERNS = /* @__PURE__ */ published();

/** The regular expression that a pre-tokenizer does the work of. */
export const patternOf = ({ pattern }: Pretokenizer): string => PATTERNS.get(pattern) ?? pattern;

/** The pre-tokenizers whose patterns have a name, by it. */
export const NAMED = /* @__PURE__ */ named();
function named(): ReadonlyMap<string, Pretokenizer> {
  return new Map([GPT2, CL100K, LLAMA3, QWEN2, O200K].map((one) => [one.pattern, one]));
}
