export { type Features, features, type Variant } from "./load.ts";
export { type WasmBackend, type WasmOptions, wasm } from "./wasm.ts";
