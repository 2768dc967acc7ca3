import { testBackend } from "@muladd/conformance/vitest";
import { onShared } from "../test/harness.ts";

testBackend("webgpu in a browser", () => onShared());
