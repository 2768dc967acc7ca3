import { inWords } from "./engine.ts";
import { foreignModel } from "./foreign-model.svelte.ts";
import type { GivenFile } from "./given-files.ts";
import { keptRuns } from "./runs.svelte.ts";

const RUN = /\.zip$|(^|\/)(checkpoints\/step-\d+\.safetensors|summary\.json|metrics\.jsonl)$/i;
const MODEL = /\.(safetensors|bin|pt|pth|gguf|safetensors\.index\.json)$/i;

/** What files are: a run of ours, a model of elsewhere, or neither that can be told by their names. */
export function kindOf(given: readonly Pick<GivenFile, "path">[]): "run" | "model" | undefined {
  if (given.some(({ path }) => RUN.test(path))) return "run";
  return given.some(({ path }) => MODEL.test(path)) ? "model" : undefined;
}

/** Takes a run to the runs and a model to the models, wherever it was dropped; what is neither, `place` says what is wrong with. */
export async function takeIn(
  giving: Promise<readonly GivenFile[]>,
  place: "run" | "model",
): Promise<void> {
  try {
    const given = await giving;
    if ((kindOf(given) ?? place) === "run") await keptRuns.bringIn(given);
    else await foreignModel.open(given);
  } catch (error) {
    (place === "run" ? keptRuns : foreignModel).failure = inWords(error);
  }
}
