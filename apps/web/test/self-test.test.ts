import { expect, test } from "vitest";
import { asText } from "../src/screens/selftest/report.ts";
import { engineOn } from "./asking.ts";

test("the self-test runs every case on the backend, and reads as text", async () => {
  const { ask } = engineOn();
  const report = await ask("selfTest", { backend: "wasm" });
  expect(report.failures).toEqual([]);
  expect(report.stopped).toBe(false);
  const matmul = report.rows.find((r) => r.op === "matmul");
  expect(matmul?.ok && matmul.forward! < 1e-5).toBe(true);
  const text = asText(report, "a browser");
  expect(text).toContain("muladd self-test: WASM SIMD");
  expect(text).toMatch(/^matmul +\d\.\de-\d+ +\d\.\de-\d+/m);
  expect(text).toContain(`${report.passed} cases passed, 0 failed`);
});
