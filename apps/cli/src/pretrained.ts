import { basename, dirname } from "node:path";
import { nodeFiles } from "@muladd/checkpoint";
import { loadGPT, openPretrained, type Pretrained } from "@muladd/gpt/huggingface";
import type { Backend } from "@muladd/tensor";
import { CLIError } from "./errors.ts";
import type { IO } from "./io.ts";
import type { ModelPlace } from "./locate.ts";
import type { OpenModel } from "./model.ts";
import { checkWeights, ownerOf, type WeightFormat } from "./precision.ts";
import { quantity } from "./ui/format.ts";
import { Ticker } from "./ui/ticker.ts";

/** A field of a model's files that is not supported, as an error of that file: it is no flag of ours. */
export function notAFlag(name: string, error: unknown): unknown {
  if (!(error instanceof Error && error.name === "ConfigError")) return error;
  const [what = "", ...why] = error.message.split("; ");
  return new CLIError(`${name}: ${what}`, { why, cause: error });
}

/** Opens what Hugging Face's tools or llama.cpp's write: all but the numbers. To be closed. */
export async function openPlace(place: ModelPlace): Promise<Pretrained> {
  try {
    return await openFiles(place);
  } catch (error) {
    throw notAFlag(place.name, error);
  }
}

function openFiles({ kind, path, name }: ModelPlace): Promise<Pretrained> {
  if (kind === "file")
    return openPretrained(
      { ...nodeFiles(dirname(path)), name: dirname(name) },
      { file: basename(path) },
    );
  return openPretrained({ ...nodeFiles(path), name });
}

/** A model of others, and its weights on `backend`. Throws CLIError for one that is larger than the memory. */
export async function loadPretrained(
  io: IO,
  place: ModelPlace,
  backend: Backend,
  weights: WeightFormat,
  quiet = false,
): Promise<OpenModel> {
  const pretrained = await openPlace(place);
  try {
    await checkWeights(pretrained.config, weights, backend);
    using progress = new Ticker(io, { quiet, after: 1000 });
    const model = await loadGPT(backend, pretrained, {
      weights,
      onWarning: (text) => io.stderr.write(`note: ${text}\n`),
      onProgress: (done, total) =>
        progress.tick({
          what: `loading ${place.name}`,
          done,
          total,
          detail: `: ${quantity(done, "B")} of ${quantity(total, "B")}`,
        }),
    });
    const { tokenizer, ids } = pretrained;
    return {
      model,
      tokenizer,
      ends: ids.eos,
      begin: ids.bos,
      run: undefined,
      step: undefined,
      title: place.name,
      pretrained,
      ...(await ownerOf(model)),
    };
  } finally {
    await pretrained.close();
  }
}
