import { expect, test } from "vitest";
import { muladd } from "./support.ts";

test("doctor says what is there, and what is missing and why", async () => {
  const env = { NODE_OPTIONS: "--max-old-space-size=4096", LANG: "C.UTF-8" };
  const { code, out, err } = await muladd(["doctor", "--json"], { env, terminal: 100 });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const found = JSON.parse(out);
  expect(found).toMatchObject({
    v: 1,
    muladd: expect.stringMatching(/^\d+\.\d+\.\d+/),
    machine: {
      cpu: expect.stringMatching(/\S/),
      cores: expect.any(Number),
      memory: expect.any(Number),
      platform: `${process.platform} ${process.arch}`,
      node: process.versions.node,
      v8: process.versions.v8,
    },
    backends: [
      { name: "webgpu", detail: expect.stringMatching(/\S/) },
      { name: "wasm", available: true, detail: expect.stringContaining("SIMD") },
      { name: "reference", available: true },
    ],
    threads: { used: expect.any(Number), why: expect.stringMatching(/\S/) },
    terminal: {
      stdout: "terminal",
      stderr: "terminal",
      columns: 100,
      unicode: true,
      progress: "live",
    },
  });
  expect(found.nodeFlags).toContain("--max-old-space-size=4096");
});

test("doctor reads for a person, and ends well without a terminal in a CI", async () => {
  const { code, out } = await muladd(["doctor"], { env: { CI: "1" } });
  expect(code).toBe(0);
  expect(out).toMatch(/\nwebgpu +(yes|no) +\S/);
  expect(out).toMatch(/\nstdout +file or pipe · no colours\n/);
  expect(out).toContain("progress plain");
});
