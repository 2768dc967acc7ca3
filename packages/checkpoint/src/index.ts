export { readSafetensors, type TensorFile, writeSafetensors } from "./safetensors.ts";
export type { ByteSource, FileSet } from "./source.ts";
export type { StoredTensor, StoredType, TensorStore } from "./stored.ts";
