import { expect, test } from "vitest";
import { selfTest } from "../src/engine/self-test.ts";
import { asText } from "../src/screens/selftest/report.ts";

// The whole of it runs in a browser: see e2e/axe.test.ts.
test("the self-test goes through the cases on the backend until it is stopped, and reads as text", async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const part = (progress: unknown) => {
    const { name } = progress as { readonly name: string }; // a SelfTestProgress, which the handler's type does not say
    seen.push(name);
    if (name.startsWith("forward: matmul")) stop.abort();
  };
  const report = await selfTest().selfTest({ backend: "wasm" }, { signal: stop.signal, part });
  expect(report.failures).toEqual([]);
  expect(report.stopped).toBe(true);
  expect(report.passed).toBe(seen.length);
  const matmul = report.rows.find((r) => r.op === "matmul");
  expect(matmul?.ok && matmul.forward! < 1e-5).toBe(true);
  const text = asText(report, "a browser");
  expect(text).toContain("muladd self-test: WASM SIMD");
  expect(text).toMatch(/^matmul +\d\.\de-\d+/m);
  expect(text).toContain(`${report.passed} cases passed, 0 failed`);
});
