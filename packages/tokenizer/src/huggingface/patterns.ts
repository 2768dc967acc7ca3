import { patternOf } from "../patterns.ts";
import { CL100K, GPT2, LLAMA3, O200K, type Pretokenizer, QWEN2 } from "../pretokenizer.ts";
import { lastBoundary } from "../scan/boundary.ts";
import { cl100k } from "../scan/cl100k.ts";

/**
 * cl100k's pattern for Oniguruma, which Hugging Face uses and where `{1,3}+` is no possessive quantifier and `$` the end
 * of a line; the pieces are those of tiktoken's text.
 */
const onigurumaCl100k = (): string =>
  patternOf(LLAMA3).replace(String.raw`|\s*[\r\n]+`, () => String.raw`|\s+\z|\s*[\r\n]+`);

/** The text of a pre-tokenizer's pattern in a tokenizer.json. */
export const patternForFile = (pretokenizer: Pretokenizer): string =>
  pretokenizer.pattern === CL100K.pattern ? onigurumaCl100k() : patternOf(pretokenizer);

function known(): ReadonlyMap<string, Pretokenizer> {
  const pairs: Pretokenizer = {
    pattern: patternOf(LLAMA3).replace("{1,3}", "{1,2}"),
    scanners: [cl100k({ digits: 2, tail: false })],
    boundary: lastBoundary,
  };
  // The two ways in which files write contractions.
  const [listed, grouped] = ["(?i:'s|'t|'re|'ve|'m|'ll|'d)", "'(?i:[sdmt]|ll|ve|re)"];
  return new Map(
    [GPT2, O200K, LLAMA3, QWEN2, pairs, CL100K].flatMap((one) => {
      const text = patternForFile(one);
      return [
        [text, one],
        [text.replaceAll(listed, () => grouped), one],
      ];
    }),
  );
}

/** Patterns with a scanner of their own, by their text in files. */
export const KNOWN = /* @__PURE__ */ known();
