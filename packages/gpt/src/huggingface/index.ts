export { families } from "./families.ts";
export type { Family } from "./family.ts";
export { type LoadOptions, loadGPT } from "./load.ts";
export { checkRoom, weightBytes } from "./memory.ts";
export { openPretrained, type Pretrained } from "./open.ts";
export { type ModelConfig, readConfig, type SpecialIds } from "./read-config.ts";
export type { JSONObject } from "./settings.ts";
export { type WritePretrainedOptions, writePretrained } from "./write.ts";
export { familyFor, type WriteConfigOptions, writeConfig } from "./write-config.ts";
