import { testBackend } from "@muladd/conformance/vitest";
import { onShared } from "./harness.ts";

// The third form, barriers without subgroups, differs in products, attention and reductions: their tests and stress have it.
testBackend("webgpu without barriers", () => onShared({ serial: true }));
testBackend("webgpu with subgroups", () => onShared({ serial: false, subgroups: true }));
