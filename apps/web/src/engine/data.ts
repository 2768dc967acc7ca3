import type { TaskName } from "@muladd/corpus";
import type { Tokenizer } from "@muladd/tokenizer";
import type { DataChoice } from "./protocol.ts";
import { keptText, sha256 } from "./texts.ts";

/** Where a run's text came from, as config.json holds it: the command's own records, so that runs travel both ways. */
export type Source =
  | { readonly kind: "files"; readonly files: readonly FileRecord[] }
  | { readonly kind: "stdin"; readonly file: FileRecord }
  | { readonly kind: "stories"; readonly seed: number; readonly characters: number }
  | {
      readonly kind: "task";
      readonly task: TaskName;
      readonly seed: number;
      readonly characters: number;
    };

export interface FileRecord {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a run's config.json says about its text, and what else it cannot change. */
export interface DataRecord {
  readonly source: Source;
  readonly preset: string;
  readonly tokenizer: string;
  readonly split: number;
}

/** Of the text to train on; the rest is held out. As the command's default. */
export const SPLIT = 0.9;
// The command's: one seed, so that a run's own seed changes the run and not its text.
const SEED = 1;

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
  const source: Source = { ...data, seed: SEED };
  return { text: await madeText(source), source };
}

/** A text that is made anew from its record. */
export async function madeText(
  source: Extract<Source, { kind: "stories" | "task" }>,
): Promise<string> {
  const { stories, tasks } = await import("@muladd/corpus");
  const size = { seed: source.seed, characters: source.characters };
  return source.kind === "stories" ? stories(size) : tasks[source.task].text(size);
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
