import { SIZES, type Source, SPLIT } from "@muladd/corpus/record";
import type { Tokenizer } from "@muladd/tokenizer";
import type { DataChoice } from "./protocol.ts";
import { keptText, sha256 } from "./texts.ts";

/** The text of a choice, and its record. Throws RangeError for text that is empty. */
export async function readData(
  data: DataChoice,
): Promise<{ readonly text: string; readonly source: Source }> {
  if (data.kind === "file") {
    const { text, record } = keptText(data.id, data.name);
    return { text, source: { kind: "files", files: [{ ...record, path: data.name }] } };
  }
  if (data.kind === "text") {
    if (data.text.trim() === "")
      throw new RangeError("the text is empty; paste some, or take the stories");
    const bytes = new TextEncoder().encode(data.text);
    const file = { path: data.name, bytes: bytes.length, sha256: await sha256(bytes) };
    return { text: data.text, source: { kind: "files", files: [file] } };
  }
  const { madeText } = await import("@muladd/corpus");
  const source = { ...data, seed: SIZES[data.kind].seed };
  return { text: madeText(source), source };
}

/** The tokenizer of a spec, "char", "bytes" or "bpe:N"; a BPE is learned from the part to train on. */
export async function makeTokenizer(spec: string, text: string): Promise<Tokenizer> {
  const { bytes, characters, trainBPE } = await import("@muladd/tokenizer");
  if (spec === "char") return characters(text);
  if (spec === "bytes") return bytes();
  const vocabulary = Number(/^bpe:(\d+)$/.exec(spec)?.[1]);
  if (!(vocabulary >= 256 && vocabulary <= 100_000))
    throw new RangeError(`the tokenizer ${spec} cannot be; take char, bytes or bpe:512`);
  return trainBPE(text.slice(0, Math.floor(text.length * SPLIT)), { vocabulary });
}
