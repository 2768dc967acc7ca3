import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@muladd/checkpoint";
import { plan } from "@muladd/gpt";
import { expect, test } from "vitest";
import { muladd, temporaryFolder } from "./support.ts";
import { tinyRun } from "./tiny-run.ts";

const CHECKPOINT = "tiny/checkpoints/step-4.safetensors";

async function folderWithRun(): Promise<string> {
  const folder = temporaryFolder();
  await tinyRun(folder);
  return folder;
}

test("inspect lists the parameters of a run's model, and their totals by part", async () => {
  const cwd = await folderWithRun();
  const { code, out } = await muladd(["inspect", "tiny", "--json"], { cwd });
  expect(code).toBe(0);
  const found = JSON.parse(out);
  expect(found).toMatchObject({ checkpoints: [4], metadata: { step: "4" } });
  expect(found.count).toBe(plan(found.model).parameters.total);
  expect(found.bytes).toBe(4 * found.count);
  const names = found.tensors.map((t: { name: string }) => t.name);
  expect(names).toContain("blocks.1.mlp.up.weight");
  expect(found.tensors.find((t: { name: string }) => t.name === "norm.gain")).toMatchObject({
    shape: [8],
    dtype: "f32",
    count: 8,
    bytes: 32,
  });
  const parts = found.parts.map((p: { part: string }) => p.part);
  expect(parts).toEqual(["blocks.0", "blocks.1", "norm", "positions", "tokens"]);
  const text = (await muladd(["inspect", "tiny"], { cwd })).out;
  expect(text).toMatch(/^tiny step 4\n2 layers · 2 heads · width 8 · context 16/);
  expect(text).toMatch(/\nblocks\.0\.attention\.qkv\.weight +24 × 8 +f32 +192 +768 B\n/);
});

test("a weights file shows all it holds, the optimizer's state too", async () => {
  const cwd = await folderWithRun();
  const found = JSON.parse((await muladd(["inspect", CHECKPOINT, "--json"], { cwd })).out);
  const parts = found.parts.map((p: { part: string }) => p.part);
  expect(parts).toContain("model.blocks.0");
  expect(parts).toContain("optimizer.m");
  expect(parts).toContain("optimizer.v");
});

test("one tensor is shown with its statistics, and NaN are counted apart", async () => {
  const folder = temporaryFolder();
  const data = Float32Array.of(-1, 0, 1, 3, Number.NaN, Infinity);
  const bytes = writeSafetensors({
    tensors: new Map([["x", { shape: [2, 3], data }]]),
    metadata: {},
  });
  writeFileSync(join(folder, "x.safetensors"), bytes);
  const args = ["inspect", "x.safetensors", "--tensor", "x"];
  const found = JSON.parse((await muladd([...args, "--json"], { cwd: folder })).out);
  expect(found).toMatchObject({ min: -1, mean: 0.75, max: 3, zeros: 1, notFinite: 2, count: 6 });
  expect(found.std).toBeCloseTo(Math.sqrt((1.75 ** 2 + 0.75 ** 2 + 0.25 ** 2 + 2.25 ** 2) / 4), 12);
  expect(found.histogram).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]);
  const { out } = await muladd(args, { cwd: folder });
  expect(out).toContain("min -1 · mean 0.75 · max 3 · std 1.479 · zeros 1 · NaN or infinite 2");
});

test("attention weights are causal and each row sums to 1, on every backend alike", async () => {
  const cwd = await folderWithRun();
  const args = ["inspect", "tiny", "--attention", "1.0", "-p", "the cat", "--json"];
  const [a, b] = await Promise.all(
    ["reference", "wasm"].map(async (name) =>
      JSON.parse((await muladd([...args, "--backend", name], { cwd })).out),
    ),
  );
  expect(a.tokens.join("")).toBe("the cat");
  const weights = a.weights as number[][];
  for (const [i, row] of weights.entries()) {
    expect(row.slice(i + 1).every((w) => w === 0)).toBe(true);
    expect(row.reduce((x, y) => x + y)).toBeCloseTo(1, 5);
    for (const [j, w] of row.entries()) expect(b.weights[i][j]).toBeCloseTo(w, 5);
  }
});

test("layers and heads have attention of their own", async () => {
  const cwd = await folderWithRun();
  const seen = new Set<string>();
  for (const head of ["0.0", "0.1", "1.0", "1.1"]) {
    const args = ["inspect", "tiny", "--attention", head, "-p", "the cat", "--json"];
    seen.add(JSON.stringify(JSON.parse((await muladd(args, { cwd })).out).weights));
  }
  expect(seen.size).toBe(4);
});

test("the heatmap has a row for each token, and drops the first ones in a narrow window", async () => {
  const cwd = await folderWithRun();
  const args = ["inspect", "tiny", "--attention", "0.1", "-p", "the cat"];
  const env = { LANG: "C.UTF-8" };
  const { out } = await muladd(args, { cwd, env });
  const rows = out.split("\n").filter((line) => /^ +\d+ /.test(line));
  expect(rows.length).toBe(7);
  expect(rows[3]).toMatch(/^ {2}3 ·/);
  const narrow = (await muladd(args, { cwd, env, terminal: 46 })).out;
  expect(narrow).toContain("the first 3 of 7 tokens are left out");
});

test("the next tokens are ten, most likely first", async () => {
  const cwd = await folderWithRun();
  const args = ["inspect", "tiny", "--next", "-p", "the", "--json"];
  const { next } = JSON.parse((await muladd(args, { cwd })).out);
  const p = next.map((c: { probability: number }) => c.probability);
  expect(p.length).toBe(10);
  expect(p).toEqual(p.toSorted((x: number, y: number) => y - x));
  expect(p.reduce((x: number, y: number) => x + y)).toBeLessThan(1);
});

test("a file that is cut short, or is no weights file, is an error that says so", async () => {
  const cwd = await folderWithRun();
  const whole = readFileSync(join(cwd, CHECKPOINT));
  expect(readSafetensors(whole).tensors.size).toBeGreaterThan(10);
  writeFileSync(join(cwd, "short.safetensors"), whole.subarray(0, whole.length - 5));
  writeFileSync(join(cwd, "text.safetensors"), "this is no weights file at all");
  for (const [file, why] of [
    ["short.safetensors", "short.safetensors: cut short"],
    ["text.safetensors", "text.safetensors: not a safetensors file"],
  ] as const) {
    const { code, out, err } = await muladd(["inspect", file], { cwd });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(why);
  }
});

test("a damaged checkpoint of a run is an error that names the file", async () => {
  const cwd = await folderWithRun();
  const path = join(cwd, CHECKPOINT);
  writeFileSync(path, readFileSync(path).subarray(0, 100));
  const { code, err } = await muladd(["inspect", "tiny"], { cwd });
  expect(code).toBe(1);
  expect(err).toContain("step-4.safetensors: cut short");
});

test("a folder that is no run is an error", async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "config.json"), "{}");
  const { code, err } = await muladd(["inspect", "."], { cwd });
  expect(code).toBe(1);
  expect(err).toContain("not a muladd run");
});

test.each([
  [["none"], 1, "there is no model none", "muladd demo"],
  [
    ["tiny", "--tensor", "blocks.0.attention.qkv.weigth"],
    2,
    "has no tensor",
    "--tensor blocks.0.attention.qkv.weight",
  ],
  [
    ["tiny", "--attention", "2.0", "-p", "the"],
    2,
    "--attention 2.0 is not in this model",
    "layers 0 … 1",
  ],
  [["tiny", "--attention", "x", "-p", "the"], 2, "--attention", "a layer and a head"],
  [["tiny", "--next"], 2, "--next needs a prompt", "-p"],
  [["tiny", "-p", "the"], 2, "--prompt is for --attention and --next", "--next"],
  [
    ["tiny", "--next", "-p", "the cat sat on the mat"],
    2,
    "-p has 22 tokens, the context is 16",
    "shorter",
  ],
  [["tiny", "--next", "-p", "€"], 1, 'the prompt has "€", which tiny has never seen', "it knows"],
  [["tiny", "--checkpoint", "9"], 1, "has no checkpoint of step 9", "it has 4"],
  [[CHECKPOINT, "--next", "-p", "x"], 1, "config.json is missing", "without which"],
] as const)("inspect %j is refused with what to do", async (args, code, what, remedy) => {
  const cwd = await folderWithRun();
  const result = await muladd(["inspect", ...args], { cwd });
  expect(result).toMatchObject({ code, out: "" });
  expect(result.err).toContain(what);
  expect(result.err).toContain(remedy);
});
