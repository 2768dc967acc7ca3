import { reference } from "@muladd/backend-reference";
import { testBackend } from "../src/vitest.ts";

testBackend("reference", () => reference());
testBackend("reference without fused kernels", () => reference({ fused: false }));
testBackend("reference in float64", () => reference({ precision: "f64" }));
