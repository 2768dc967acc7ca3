import { reference } from "@muladd/backend-reference";
import type { Backend, Kernels } from "@muladd/tensor";
import { expect, test } from "vitest";
import { report } from "../src/errors.ts";
import { gradcheckCommand } from "../src/verbs/gradcheck.ts";
import { muladd, temporaryFolder, testIO } from "./support.ts";
import { tinyRun } from "./tiny-run.ts";

/** A backend whose tanh is a little off, and whose softmax derivative is five times too large. */
function faulty(): Backend {
  const backend = reference();
  const { kernels } = backend;
  const unary: Kernels["unary"] = (op, out, x, c) => {
    kernels.unary(op, out, x, c);
    if (op === "tanh") kernels.unary("scale", out, out, 1.001);
  };
  const softmaxGrad: NonNullable<typeof kernels.softmaxGrad> = (dx, y, g) => {
    kernels.softmaxGrad!(dx, y, g);
    kernels.unary("scale", dx, dx, 5);
  };
  return Object.defineProperties(backend, {
    name: { value: "faulty" },
    kernels: { value: { ...kernels, unary, softmaxGrad } },
  });
}

/** Runs gradcheck on backends that `open` makes; the exit code is that of the error it throws. */
async function check(args: readonly string[], open: () => Backend, cwd = process.cwd()) {
  const io = testIO({ cwd });
  let code = 0;
  try {
    await gradcheckCommand(io, async () => open()).parseAsync(args, { from: "user" });
  } catch (error) {
    code = await report(io, error);
  }
  return { code, out: io.out, err: io.err };
}

test("every case passes on the reference backend", async () => {
  const args = ["gradcheck", "--backend", "reference", "--json", "-q"];
  const { code, out, err } = await muladd(args);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { ok, backends } = JSON.parse(out);
  expect(ok).toBe(true);
  expect(backends).toMatchObject([{ backend: "reference", failures: [], exceptions: [] }]);
  const softmax = backends[0].ops.find((row: { op: string }) => row.op === "softmax");
  for (const kind of ["forward", "gradient", "fused"]) expect(softmax[kind]).toBeLessThan(1e-6);
  const kinds = new Set(backends[0].others.map((o: { kind: string }) => o.kind));
  expect([...kinds].sort()).toEqual(["gradient", "memory", "model", "order"]);
});

test("a wrong kernel and a wrong derivative are marked in the table, and end with code 5", async () => {
  const { code, out, err } = await check(["-q"], faulty);
  expect(code).toBe(5);
  expect(out).toMatch(/^faulty: the worst error of each op.*\nop +forward +gradient +fused\n/);
  expect(out).toMatch(/\nexp +\d\S+ +\d\S+ +–\n/);
  expect(out).toMatch(/\ntanh +FAIL +FAIL +–\n/);
  expect(out).toMatch(/\nsoftmax +\d\S+ +FAIL +FAIL\n/);
  expect(out).toMatch(/\nFAIL forward: tanh\n {2}.*element 0 is/);
  expect(out).toMatch(/\n\d+ passed, \d+ failed\n$/);
  expect(err).toMatch(/^error: gradcheck: \d+ cases fail on faulty\n {2}forward: tanh\n/);
});

test("weights of a trained model agree with differences of the loss on its text", async () => {
  const cwd = temporaryFolder();
  await tinyRun(cwd);
  for (const backend of ["reference", "wasm"]) {
    const args = ["gradcheck", "tiny", "--samples", "40", "--backend", backend, "--json"];
    const { code, out } = await muladd(args, { cwd });
    expect(code).toBe(0);
    const { checks, step } = JSON.parse(out);
    expect(step).toBe(4);
    expect(checks.length).toBe(40);
    expect(checks[0].error).toBeLessThan(1e-4);
    const parameters = new Set(checks.map((c: { parameter: string }) => c.parameter));
    expect(parameters.size).toBe(28); // all of them: 2 embeddings, 12 for each of 2 blocks, a norm of 2
    expect(checks.filter((c: { numeric: number }) => c.numeric !== 0).length).toBeGreaterThan(30);
  }
});

test("a wrong derivative shows in the weights of a model, and ends with code 5", async () => {
  const cwd = temporaryFolder();
  await tinyRun(cwd);
  const broken = () => {
    const backend = reference();
    const { kernels } = backend;
    const linear: NonNullable<typeof kernels.linear> = (out, slope, ...rest) => {
      kernels.linear!(out, slope, ...rest);
      if (slope) kernels.unary("scale", slope, slope, 1.05);
    };
    return Object.defineProperty(backend, "kernels", { value: { ...kernels, linear } });
  };
  const { code, out, err } = await check(["tiny", "--samples", "60"], broken, cwd);
  expect(code).toBe(5);
  expect(out).toContain("FAIL: worst");
  expect(err).toMatch(
    /error: gradcheck: \d+ of 60 weights differ by more than 0\.0001\n {2}blocks\.\d\./,
  );
});

test.each([
  [["--backend", "wsam"], 2, "there is no backend wsam", "--backend wasm"],
  [["--samples", "3"], 2, "--samples needs a run", "muladd gradcheck RUN --samples 3"],
  [["none"], 1, "there is no model none", "try  muladd demo   or   muladd train FILE"],
] as const)("gradcheck %j is refused with what to do", async (args, code, what, remedy) => {
  const result = await muladd(["gradcheck", ...args], { cwd: temporaryFolder() });
  expect(result).toMatchObject({ code, out: "" });
  expect(result.err).toContain(what);
  expect(result.err).toContain(remedy);
});
