import type { Tokenizer } from "@muladd/tokenizer";
import { UsageError } from "./errors.ts";

const BPE_DEFAULT = 512;

/**
 * The tokenizer that `--tokenizer` asks for: char, bytes, bpe or bpe:N. A BPE is learned from the first `share` of the
 * text, so that held-out text stays unseen; characters are those of the whole text.
 */
export async function makeTokenizer(spec: string, text: string, share: number): Promise<Tokenizer> {
  const { bytes, characters, trainBPE } = await import("@muladd/tokenizer");
  if (spec === "char") return characters(text);
  if (spec === "bytes") return bytes();
  const size = /^bpe(?::(.*))?$/.exec(spec);
  if (!size) {
    const { nearest } = await import("@muladd/gpt");
    const meant = nearest(spec, ["char", "bpe", "bytes"]);
    throw new UsageError(`there is no tokenizer ${spec}`, {
      why: "there are char, bytes, bpe and bpe:N, of N tokens",
      remedies: `--tokenizer ${meant ?? "char"}`,
    });
  }
  const vocabulary = size[1] === undefined ? BPE_DEFAULT : Number(size[1]);
  if (!Number.isSafeInteger(vocabulary) || vocabulary < 256 || vocabulary > 1_000_000)
    throw new UsageError(`--tokenizer ${spec} is not possible`, {
      why: "N is a whole number of tokens: 256 bytes, and one for each merge",
      remedies: "--tokenizer bpe:512",
    });
  return trainBPE(text.slice(0, Math.floor(text.length * share)), { vocabulary });
}

/** How people call it: "char, 65". */
export const describeTokenizer = ({ kind, size }: Tokenizer): string =>
  `${kind === "characters" ? "char" : kind}, ${size.toLocaleString("en-US")}`;
