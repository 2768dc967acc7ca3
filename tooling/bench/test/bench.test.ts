import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { products } from "../../../apps/cli/src/bench/matmul.ts";
import { judge } from "../src/bars.mjs";
import { parse, parts } from "../src/options.mjs";
import { compareProducts } from "../src/products.mjs";
import { interleave, median, standings } from "../src/rounds.mjs";
import { standingsTable } from "../src/table.mjs";

test("a comparison has all its parts unless some are named", () => {
  expect(parse("torch", [])).toMatchObject({
    parts: parts.torch,
    rounds: 3,
    seconds: 4,
    wide: true,
  });
  const args = [
    "sgemm",
    "step",
    "--rounds",
    "5",
    "--seconds",
    "0.5",
    "--threads",
    "1",
    "--no-wide",
  ];
  expect(parse("torch", [...args, "--json"])).toEqual({
    parts: ["sgemm", "step"],
    rounds: 5,
    seconds: 0.5,
    threads: 1,
    backend: "wasm",
    wide: false,
    json: true,
    encoding: "cl100k_base",
  });
  expect(parse("peers", ["-h"])).toBe("help");
});

test.each([
  [["stop"], "torch has no part stop; it has step, sgemm, decode, threads"],
  [["--rounds", "0"], "--rounds 0 is not possible"],
  [["--threads", "1.5"], "--threads 1.5 is not possible"],
  [["--seconds", "-1"], "--seconds"],
  [["--backend", "cuda"], "--backend cuda is not possible; torch has wasm and webgpu"],
  [["--fast"], "--fast"],
])("%j is refused", (args, message) => {
  expect(() => parse("torch", args)).toThrow(message);
});

test("the tokenizer is measured for an encoding, by its name or the beginning of it", () => {
  expect(parse("tokenizer", ["encode"])).toMatchObject({
    parts: ["encode"],
    encoding: "cl100k_base",
    seconds: 0.5,
  });
  expect(parse("tokenizer", ["--encoding", "o200k"])).toMatchObject({ encoding: "o200k_base" });
  expect(() => parse("tokenizer", ["--encoding", "p50k"])).toThrow("it is one of r50k_base");
  expect(() => parse("tokenizer", ["--text", "no.txt"])).toThrow("there is no such file");
  expect(() => parse("peers", ["--text", "package.json"])).toThrow("it is for tokenizer");
});

test("a bar is passed by its figure, else beside the fastest peer with right ids", () => {
  const speed = { load: 200, decode: 50, right: true };
  const times = (seconds: number) => [
    { length: 100_000, seconds: 0.1 },
    { length: 1_000_000, seconds },
  ];
  const verdicts = Object.fromEntries(
    judge({
      encoding: "cl100k_base",
      standings: [
        { name: "muladd", ...speed, warm: 15, ratio: 1 },
        { name: "wrong", ...speed, warm: 100, ratio: 0.1, right: false },
        { name: "slow", ...speed, load: 150, decode: 20, warm: 5, ratio: 3 },
      ],
      worst: {
        muladd: [{ a: times(1), b: times(2) }],
        slow: [{ a: [{ length: 100_000, seconds: 0.3 }], b: [{ length: 100_000, seconds: 0.1 }] }],
      },
      core: 9_000,
      train: { small: { seconds: 0.3 } },
    }).map(({ name, verdict }) => [name, verdict]),
  );
  expect(verdicts).toEqual({
    "ids equal to tiktoken's": "pass",
    "encode, warm": "pass by ratio",
    "encode, beside the fastest": "pass",
    decode: "pass by ratio",
    load: "fail",
    '1M × "a"': "pass by ratio",
    '1M × "a", over 100k': "pass",
    '1M × "b"': "fail",
    '1M × "b", over 100k': "fail",
    "core code": "pass",
    "train 1.1 MB → 4,096": "fail",
  });
});

test("contestants run in turn, and one that fails at once is left out where that is allowed", async () => {
  const order: string[] = [];
  const lost: string[] = [];
  const contestants = {
    a: async () => order.push("a"),
    b: async () => {
      order.push("b");
      throw new Error("no");
    },
    c: async () => order.push("c"),
  };
  const seen = await interleave(contestants, 2, (name, error) => lost.push(`${name}: ${error}`));
  expect(order).toEqual(["a", "b", "c", "a", "c"]);
  expect(lost).toEqual(["b: Error: no"]);
  expect(Object.keys(seen)).toEqual(["a", "c"]);
  await expect(interleave(contestants, 2)).rejects.toThrow("no");
});

test("ratios are medians of those of each round, and say how many times better the first is", () => {
  const seen = { us: [10, 20, 40], them: [20, 60, 40] };
  const id = (x: number) => x;
  expect(standings(seen, id, "less")).toEqual([
    { name: "us", median: 20, ratio: 1 },
    { name: "them", median: 40, ratio: 2 },
  ]);
  expect(standings(seen, id, "more")[1]!.ratio).toBe(0.5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("products are compared shape by shape, and what somebody left out counts for nobody", async () => {
  const shapes = ["NN", "NT", "TN"].map((mode) => ({ m: 2, n: 3, k: 4, mode }));
  const us = async () => shapes.map((shape, i) => ({ ...shape, gflops: [10, 20, 30][i]! }));
  const them = async () => shapes.map((shape, i) => (i === 2 ? shape : { ...shape, gflops: 5 }));
  const { data, text } = await compareProducts({ us, them }, { rounds: 1, threads: 2 });
  expect(data.medians.at(-1)).toMatchObject({
    name: "median",
    standings: [
      { name: "us", median: 20 },
      { name: "them", median: 5, ratio: 3 },
    ],
  });
  const lines = text.split("\n");
  expect(lines[0]).toMatch(/^products, GFLOP\/s, 2 threads +us +them +ratio$/);
  expect(lines[1]).toMatch(/^2 × 3 × 4 NN +10\.0 +5\.0 +2\.00$/);
  expect(lines[3]).toMatch(/^2 × 3 × 4 TN +30\.0 +– +–$/);
});

test("a table has the first contestant, then each other with its ratio", () => {
  const rows = [
    {
      name: "step",
      standings: [
        { name: "us", median: 1, ratio: 1 },
        { name: "them", median: 2, ratio: 2 },
      ],
    },
  ];
  expect(standingsTable("what", rows, (x) => `${x} ms`)).toBe(
    "what    us  them  ratio\nstep  1 ms  2 ms   2.00",
  );
});

test("everyone measures the products of muladd bench", () => {
  const path = resolve(import.meta.dirname, "../shapes.json");
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(products.map(({ m, n, k }) => [m, n, k]));
});
