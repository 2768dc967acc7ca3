import { testBackend } from "@muladd/conformance/vitest";
import { onShared } from "./harness.ts";

testBackend("webgpu without barriers", () => onShared({ serial: true }));
testBackend("webgpu with barriers", () => onShared({ serial: false, subgroups: false }));
testBackend("webgpu with subgroups", () => onShared({ serial: false, subgroups: true }));
