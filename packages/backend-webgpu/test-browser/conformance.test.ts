import { backendCases } from "@muladd/conformance";
import { testCases } from "@muladd/conformance/vitest";
import { onShared } from "../test/harness.ts";

// Every kernel runs forward, derivatives' own among them. What is composed of kernels is the same code as in Node.
const cases = [...backendCases(() => onShared())];
testCases(
  "webgpu in a browser",
  cases.filter(({ kind }) => kind !== "gradient" && kind !== "fused"),
);
