import { testBackend } from "@muladd/conformance/vitest";
import { wasm } from "../src/index.ts";

testBackend("wasm in a browser", () => wasm());
