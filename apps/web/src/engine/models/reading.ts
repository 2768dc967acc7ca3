// All that is loaded when a model is opened, as one: in parts it would split what the engine's first script has in parts too.
export { modelAmong } from "./files.ts";
export { lookStored } from "./look-stored.ts";
export { openModel } from "./open.ts";
export { continueText, loadModel, roomFor, unload } from "./run-model.ts";
