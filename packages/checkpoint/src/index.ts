export { openSafetensors } from "./safetensors/open.ts";
export { readSafetensors, type TensorFile, writeSafetensors } from "./safetensors/whole.ts";
export type { ByteSource, FileSet } from "./source.ts";
export { blobFiles } from "./sources/blob-files.ts";
export { blobSource, bytesSource } from "./sources/memory.ts";
export { fileSource, nodeFiles } from "./sources/node.ts";
export { type URLOptions, urlFiles, urlSource } from "./sources/url.ts";
export type { StoredTensor, StoredType, TensorStore } from "./stored.ts";
