import type { GPTConfig } from "@muladd/gpt";
import type { HostTensor } from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import { CLIError, UsageError } from "../errors.ts";
import { flag } from "../flags.ts";
import type { IO } from "../io.ts";
import { openModel } from "../model.ts";
import type { Settings } from "./settings.ts";

/** Gentle, since the weights are good already: what `--lr` is without it. */
export const START_RATE = 1e-4;

/** A trained model that a run begins with, in place of random weights. */
export interface Start {
  /** As messages call it. */
  readonly title: string;
  readonly config: GPTConfig;
  readonly tokenizer: Tokenizer;
  /** "bpe:50257", "char", as `--tokenizer` has it. */
  readonly tokenizerName: string;
  /** By name, f32. Whoever uploads them empties it: they may be most of the memory. */
  readonly weights: Map<string, HostTensor>;
}

export interface StartOptions {
  readonly offline?: boolean | undefined;
  readonly quiet?: boolean;
}

/**
 * Reads the model `name`, with another dropout or fewer positions where `s` has them. Throws CLIError for a model without a
 * tokenizer, UsageError for what a model cannot change, and what {@link openModel} throws.
 */
export async function openStart(
  io: IO,
  name: string,
  s: Partial<Settings>,
  options: StartOptions,
): Promise<Start> {
  const [{ readWeights, reconfigure }, { modelSettings }, { reference }] = await Promise.all([
    import("@muladd/gpt"),
    import("@muladd/gpt/train"),
    import("@muladd/backend-reference"),
  ]);
  using backend = reference();
  using opened = await openModel(io, name, backend, { checkpoint: "best", ...options });
  const { model, tokenizer, title } = opened;
  if (!tokenizer)
    throw new CLIError(`${name} has no tokenizer, so that no text can be read for it`, {
      remedies: "put its tokenizer.json beside the weights",
    });
  const { context = model.config.context, dropout, ...others } = modelSettings(s);
  unchanged(name, model.config, others);
  if (context > model.config.context)
    throw new UsageError(`--context ${context} is more than ${name} has`, {
      why: "there are weights for so many positions, or it was trained with so many",
      remedies: `--context ${model.config.context}`,
    });
  const config = reconfigure(model.config, {
    context,
    ...(dropout === undefined ? {} : { dropout }),
  });
  const weights = await readWeights(model);
  if (config.positions === "learned") crop(weights, POSITIONS, context);
  return { title, config, tokenizer, tokenizerName: nameOf(tokenizer), weights };
}

const POSITIONS = "positions.weight";

const nameOf = ({ kind, size }: Tokenizer) =>
  ({ characters: "char", bytes: "bytes", bpe: `bpe:${size}` })[kind];

/** Throws UsageError for a setting that differs from the model's. */
function unchanged(name: string, has: GPTConfig, wants: Partial<GPTConfig>): void {
  for (const [field, value] of Object.entries(wants))
    if (value !== has[field as keyof GPTConfig])
      throw new UsageError(`${flag(field)} cannot be chosen with --from`, {
        why: `${name} has ${field} ${JSON.stringify(has[field as keyof GPTConfig])}`,
        remedies: `leave ${flag(field)} out`,
      });
}

/** Keeps the first rows of a matrix. */
function crop(weights: Map<string, HostTensor>, name: string, rows: number): void {
  const { shape, data } = weights.get(name)!;
  const columns = shape[1]!;
  weights.set(name, { shape: [rows, columns], data: data.slice(0, rows * columns) });
}
