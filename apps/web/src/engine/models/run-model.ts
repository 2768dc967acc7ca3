import { type GPT, type GPTConfig, generate, weightBytes } from "@muladd/gpt";
import { loadGPT, openPretrained, type SpecialIds } from "@muladd/gpt/huggingface";
import type { WeightFormat } from "@muladd/nn";
import { type Backend, dispose } from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import { encodeText } from "../encode.ts";
import type { Asked } from "../engine.ts";
import { turn } from "../turn.ts";
import { type WriteCandidate, written } from "../write.ts";
import type { HeldModel } from "./open.ts";

/** What the weights take on the backend in use, and what it has. */
export interface Room {
  readonly formats: readonly { readonly weights: WeightFormat; readonly bytes: number }[];
  /** Absent where the backend does not say. */
  readonly bytes?: number;
}

/** Bytes of a model's weights in each format, and those that are free. */
export function roomFor(config: GPTConfig, { limits, memory }: Backend): Room {
  return {
    formats: (["f32", "f16", "int8", "int4"] as const).map((weights) => ({
      weights,
      bytes: weightBytes(config, weights),
    })),
    ...(limits.maxBytes === undefined ? {} : { bytes: limits.maxBytes - memory.bytes }),
  };
}

/** A model from elsewhere on a backend. */
export interface LoadedModel {
  readonly backend: Backend;
  readonly model: GPT;
  readonly tokenizer: Tokenizer | undefined;
  readonly ids: SpecialIds;
  /** What was odd, but no error. */
  readonly notes: readonly string[];
}

/** How far loading is: bytes of the files. */
export interface LoadProgress {
  readonly read: number;
  readonly total: number;
}

/** Loads a model, piece by piece. Throws OutOfMemoryError when there is no room, and as `openPretrained` and `loadGPT` do. */
export async function loadModel(
  backend: Backend,
  { files, file }: Pick<HeldModel, "files" | "file">,
  weights: WeightFormat,
  onProgress: (progress: LoadProgress) => void,
): Promise<LoadedModel> {
  const pretrained = await openPretrained(files, { file });
  try {
    const notes: string[] = [];
    const model = await loadGPT(backend, pretrained, {
      weights,
      onProgress: (read, total) => onProgress({ read, total }),
      onWarning: (note) => notes.push(note),
    });
    return { backend, model, tokenizer: pretrained.tokenizer, ids: pretrained.ids, notes };
  } finally {
    await pretrained.close();
  }
}

export const unload = ({ model }: LoadedModel): void => dispose(model);

export interface ContinueParams {
  /** Text, or of a model without a tokenizer ids. */
  readonly prompt: string;
  readonly maxTokens: number;
  /** 0: the most likely token each time. */
  readonly temperature: number;
}

/** A part of what it writes. */
export interface Continued {
  readonly text: string;
  /** What the first token was chosen from, likeliest first. */
  readonly candidates?: readonly WriteCandidate[];
}

/** Continues a prompt; each token is a part of the answer, made by `alone`: a turn in which nothing else computes. */
export async function continueText(
  { model, tokenizer, ids }: LoadedModel,
  { prompt, maxTokens, temperature }: ContinueParams,
  alone: <T>(body: () => Promise<T>) => Promise<T>,
  { signal, part }: Pick<Asked, "signal" | "part">,
): Promise<void> {
  const start = tokenizer ? encodeText(tokenizer, prompt, "the prompt") : idsOf(prompt);
  const decoder = tokenizer?.decoder();
  let logits: ArrayLike<number> = [];
  const tokens = generate(model, start, {
    maxTokens,
    temperature,
    stop: ids.eos,
    signal,
    onLogits: (all) => {
      logits = all;
    },
  });
  try {
    for (let first = true; ; first = false) {
      const { value: choice } = await alone(() => tokens.next());
      if (!choice) break;
      const text = known(tokenizer, choice.id) ? decoder?.push(choice.id) : undefined;
      part({
        text: text ?? ` ${choice.id}`,
        ...(first && written(choice, logits, temperature === 0, bytesOf(tokenizer))),
      } satisfies Continued);
      await turn();
    }
    const rest = decoder?.flush() ?? "";
    if (rest !== "") part({ text: rest } satisfies Continued);
  } finally {
    await tokens.return(); // whatever became of the model: this frees its cache
  }
}

/** Tables are often longer than the vocabulary: ids at their end are no tokens. */
const known = (tokenizer: Tokenizer | undefined, id: number): boolean =>
  tokenizer !== undefined && id < tokenizer.size;

const utf8 = new TextEncoder();
const bytesOf = (tokenizer: Tokenizer | undefined) => (id: number) =>
  tokenizer && known(tokenizer, id) ? tokenizer.token(id) : utf8.encode(String(id));

/** "1 5 7" → ids. Throws RangeError for anything else. */
function idsOf(prompt: string): number[] {
  const ids = prompt.split(/[\s,]+/).filter(Boolean);
  const wrong = ids.find((id) => !/^\d+$/.test(id));
  if (wrong !== undefined)
    throw new RangeError(
      `the model has no tokenizer, and ${JSON.stringify(wrong)} is no id; give ids such as 1 5 7, or open its tokenizer.json with it`,
    );
  return ids.map(Number);
}
