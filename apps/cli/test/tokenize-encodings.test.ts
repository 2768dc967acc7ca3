import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { huggingFaceJSON, tiktoken, writeTiktoken } from "@muladd/tokenizer";
import { expect, test } from "vitest";
import { muladd, temporaryFolder } from "./support.ts";

/** Where the npm package tiktoken is installed. */
const installed = fileURLToPath(new URL("../../../packages/tokenizer", import.meta.url));
const ranks = (): string =>
  JSON.parse(readFileSync(join(installed, "node_modules/tiktoken/encoders/r50k_base.json"), "utf8"))
    .bpe_ranks;
test.each(["r50k_base", "gpt2"])("%s is read from an installed package", async (name) => {
  const args = ["tokenize", "hello world", "--tokenizer", name, "--ids"];
  expect((await muladd(args, { cwd: installed })).out).toBe("31373 995\n");
});

test("without ranks it is said what to install", async () => {
  const args = ["tokenize", "hello", "--tokenizer", "cl100k_base"];
  const { code, out, err } = await muladd(args, { cwd: temporaryFolder() });
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain("looked for cl100k_base.tiktoken in ");
  expect(err).toContain("npm install tiktoken   or   --tokenizer PATH/cl100k_base.tiktoken");
});

test("ranks of js-tiktoken are read as text", async () => {
  const folder = temporaryFolder();
  const home = join(folder, "node_modules/js-tiktoken");
  mkdirSync(join(home, "ranks"), { recursive: true });
  const exports = { "./ranks/r50k_base": "./ranks/r50k_base.cjs" };
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "js-tiktoken", exports }));
  const module = `throw 1; var r = { "pat_str": "x", "special_tokens": {}, "bpe_ranks": ${JSON.stringify(ranks())} };`;
  writeFileSync(join(home, "ranks/r50k_base.cjs"), module);
  const args = ["tokenize", "hello world", "--tokenizer", "r50k_base", "--ids"];
  expect((await muladd(args, { cwd: folder })).out).toBe("31373 995\n");
});

test("a .tiktoken file is read under the name of its encoding, or with --encoding", async () => {
  const folder = temporaryFolder();
  const file = writeTiktoken(tiktoken(ranks(), "r50k_base"));
  for (const name of ["r50k_base.tiktoken", "mine.tiktoken", "bad.tiktoken"])
    writeFileSync(join(folder, name), name === "bad.tiktoken" ? file.slice(0, 5000) : file);
  const ids = (...args: string[]) =>
    muladd(["tokenize", "hello world", "--ids", "--tokenizer", ...args], { cwd: folder });
  for (const args of [
    ["r50k_base"],
    ["r50k_base.tiktoken"],
    ["mine.tiktoken", "--encoding", "gpt2"],
  ])
    expect((await ids(...args)).out).toBe("31373 995\n");
  const nameless = await ids("mine.tiktoken");
  expect(nameless.code).toBe(2);
  expect(nameless.err).toContain("the name of mine.tiktoken does not say which encoding it holds");
  expect((await ids("mine.tiktoken", "--encoding", "r50k")).err).toContain("no encoding r50k");
  const bad = await ids("bad.tiktoken", "--encoding", "r50k_base");
  expect(bad.code).toBe(1);
  expect(bad.err).toMatch(/line \d+|has \d+ ranks, not/);
});

test("vocab.json and merges.txt are read, as two flags and as a folder", async () => {
  const folder = temporaryFolder();
  const { model, added_tokens } = huggingFaceJSON(tiktoken(ranks(), "gpt2"));
  mkdirSync(join(folder, "gpt2"));
  writeFileSync(join(folder, "gpt2/vocab.json"), JSON.stringify(model.vocab));
  const merges = model.merges.map((pair) => pair.join(" "));
  writeFileSync(join(folder, "gpt2/merges.txt"), `#version: 0.2\n${merges.join("\n")}\n`);
  expect(added_tokens.map(({ content }) => content)).toEqual(["<|endoftext|>"]);
  const two = ["--vocab", "gpt2/vocab.json", "--merges", "gpt2/merges.txt"];
  for (const flags of [two, ["--tokenizer", "gpt2"]]) {
    const args = ["tokenize", "hello worlds<|endoftext|>", "--ids", "--allow-special", ...flags];
    expect((await muladd(args, { cwd: folder })).out).toBe("31373 11621 50256\n");
  }
  const half = await muladd(["tokenize", "x", ...two.slice(0, 2)], { cwd: folder });
  expect(half.err).toContain("--vocab and --merges go together");
});

test("a table has id, token, bytes and offsets of each token; json has offsets too", async () => {
  const table = await muladd(["tokenize", "a €🙂b", "--format", "table"]);
  expect(table.out.split("\n").slice(0, 4)).toEqual([
    " id  token  bytes  offsets",
    " 97  a      61         0–1",
    " 32  ·      20         1–2",
    "226  <E2>   e2         2–3",
  ]);
  const json = await muladd(["tokenize", "€b", "--json"]);
  expect(JSON.parse(json.out).offsets).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
    [1, 2],
  ]);
});

test("--file shows the text of a file", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.txt"), "hi");
  const args = ["tokenize", "--file", "t.txt", "--ids"];
  expect((await muladd(args, { cwd: folder })).out).toBe("104 105\n");
  const both = await muladd(["tokenize", "x", "--file", "t.txt"], { cwd: folder });
  expect(both.err).toContain("a text and --file do not go together");
});
