import { inWords } from "./engine.ts";
import { foreignModel } from "./foreign-model.svelte.ts";
import { type GivenFile, kindOf } from "./given-files.ts";
import { keptRuns } from "./runs.svelte.ts";

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
