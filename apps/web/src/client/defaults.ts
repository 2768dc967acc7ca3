import { SIZES } from "@muladd/corpus";
import type { RunSettings } from "../engine/protocol.ts";

export const DEFAULTS: RunSettings = {
  preset: "small",
  data: { kind: "stories", characters: SIZES.stories.characters },
  tokenizer: "char",
  model: {},
  training: { seed: 0, evalEvery: 100, evalBatches: 5, sampleEvery: 50, saveEvery: 250 },
};
