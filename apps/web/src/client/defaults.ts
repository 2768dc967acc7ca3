import type { RunSettings } from "../engine/protocol.ts";

/** How much text the command makes, so that the same flags train on the same. */
export const DATA_CHARACTERS = { stories: 2_000_000, task: 500_000 } as const;

export const DEFAULTS: RunSettings = {
  preset: "small",
  data: { kind: "stories", characters: DATA_CHARACTERS.stories },
  tokenizer: "char",
  model: {},
  training: { seed: 0, evalEvery: 100, evalBatches: 5, sampleEvery: 50, saveEvery: 250 },
};
