import type { WebGPUBackend } from "@muladd/backend-webgpu";
import { type GPT, generate } from "@muladd/gpt";
import type { WeightFormat } from "@muladd/nn";
import type { Backend } from "@muladd/tensor";
import { isWebGPU } from "../backend.ts";
import { countWork, type DeviceWork, type KernelProfile, profileKernels } from "./kernels.ts";
import { median, now } from "./rounds.ts";
import { newModel, subject } from "./subject.ts";

export interface GenerationResult {
  readonly preset: string;
  /** How the matrices are stored, and what all weights take. */
  readonly weights: WeightFormat;
  readonly weightBytes: number;
  /** Tokens of the prompt that prefill reads. */
  readonly promptTokens: number;
  /** Tokens/s of reading a prompt, up to and with the first token written. */
  readonly prefill: number;
  /** Tokens/s of writing on, with the keys and values kept. */
  readonly decode: number;
  /** Tokens/s of writing on when every token reads all before it again. Absent where that takes too long. */
  readonly decodeUncached?: number;
  readonly rounds: number;
  /** Of a token written with the cache, on a GPU. */
  readonly device?: DeviceWork;
  /** The same with `profile`. */
  readonly kernels?: KernelProfile;
}

export interface GenerationOptions {
  readonly seconds: number;
  readonly preset?: string;
  /** Default "f32". */
  readonly weights?: WeightFormat | undefined;
  /** Tokens of the prompt, at most the context. Default 64, or the context where it is shorter. */
  readonly prompt?: number | undefined;
  readonly onRound?: (round: number) => void;
}

const MIN_ROUNDS = 3;
const MAX_ROUNDS = 50;
/** Positions that a round reads as a prompt; and then as a prompt of a quarter of them, and the tokens written after it. */
const POSITIONS = 64;

/** Tokens/s of a {@link subject}'s model, the greedy choice included: medians of interleaved rounds. */
export async function benchGeneration(
  backend: Backend,
  { seconds, preset: name = "nanogpt-cpu", weights = "f32", prompt, onRound }: GenerationOptions,
): Promise<GenerationResult> {
  using model = newModel(backend, subject(name).model, weights);
  const positions = prompt ?? Math.min(model.gpt.config.context, POSITIONS);
  const start = Math.ceil(positions / 4);
  const seen = { prefill: [] as number[], decode: [] as number[], decodeUncached: [] as number[] };
  await write(model.gpt, start, positions - start, true); // warm-up
  const { each } = await write(model.gpt, start, 2, false);
  const uncached = (each * (positions - start)) / 1000 < seconds;
  const begun = now();
  let rounds = 0;
  for (; rounds < MAX_ROUNDS; rounds++) {
    if (rounds >= MIN_ROUNDS && now() - begun > seconds * 1000) break;
    onRound?.(rounds);
    const { first } = await write(model.gpt, positions, 1, true);
    seen.prefill.push(first / positions);
    seen.decode.push((await write(model.gpt, start, positions - start, true)).each);
    if (!uncached) continue;
    seen.decodeUncached.push((await write(model.gpt, start, positions - start, false)).each);
  }
  const rate = (ms: readonly number[]) => 1000 / median(ms);
  const device = isWebGPU(backend) ? await workPerToken(backend, model.gpt, start) : undefined;
  return {
    preset: name,
    weights,
    weightBytes: model.weightBytes,
    promptTokens: positions,
    prefill: rate(seen.prefill),
    decode: rate(seen.decode),
    ...(uncached ? { decodeUncached: rate(seen.decodeUncached) } : {}),
    rounds,
    ...(device ? { device } : {}),
  };
}

const COUNTED = 8;

/** What the prompt and the first token take is taken off. */
async function workPerToken(backend: WebGPUBackend, gpt: GPT, start: number): Promise<DeviceWork> {
  const count = (tokens: number) =>
    countWork(backend, COUNTED, async () => void (await write(gpt, start, tokens, true)));
  const [few, more] = [await count(1), await count(1 + COUNTED)];
  return { dispatches: more.dispatches - few.dispatches, submits: more.submits - few.submits };
}

const PROFILED = 16;

/** Where the time of writing goes on a GPU, the prompt's included; `backend` was made with `profile`. */
export async function profileGeneration(
  backend: WebGPUBackend,
  name = "nanogpt-cpu",
  weights: WeightFormat = "f32",
): Promise<KernelProfile> {
  using model = newModel(backend, subject(name).model, weights);
  const positions = Math.min(model.gpt.config.context, POSITIONS);
  const tokens = Math.min(positions - 1, PROFILED);
  await write(model.gpt, 1, tokens, true); // compiles the kernels
  return await profileKernels(
    backend,
    tokens,
    async () => void (await write(model.gpt, 1, tokens, true)),
  );
}

/** Writes after a prompt: milliseconds until the first token, and for each one after it. */
async function write(
  model: GPT,
  promptTokens: number,
  maxTokens: number,
  cache: boolean,
): Promise<{ first: number; each: number }> {
  const prompt = Array.from({ length: promptTokens }, (_, i) => i % model.config.vocabulary);
  const start = now();
  let first = 0;
  let last = 0;
  for await (const _ of generate(model, prompt, { maxTokens, cache, temperature: 0 })) {
    last = now() - start;
    first ||= last;
  }
  return { first, each: (last - first) / Math.max(maxTokens - 1, 1) };
}
