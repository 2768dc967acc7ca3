import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reference } from "@muladd/backend-reference";
import { presetConfig, presets } from "@muladd/gpt";
import { beforeAll, describe, expect, test } from "vitest";
import { explain } from "../src/errors.ts";
import { checkWeights } from "../src/precision.ts";
import { COMMIT, hubServer } from "./hub-server.ts";
import { muladd, temporaryFolder } from "./support.ts";
import { workplace } from "./training.ts";

// What transformers says of tiny models that it wrote: see tooling/fixtures/README.md.
const FAMILIES = fileURLToPath(
  new URL("../../../packages/conformance/fixtures/families/", import.meta.url),
);
const REFERENCE = ["--backend", "reference"];

/** What GGUF has no words for. */
const NOT_GGUF: Readonly<Record<string, string>> = {
  gpt_neo: "gpt_neo",
  "llama-dynamic": "dynamic",
  qwen2: "windows",
};

interface Expected {
  readonly greedy: { readonly prompt: readonly number[]; readonly tokens: readonly number[] };
  readonly logits: readonly number[];
}
const expectedOf = (family: string): Expected =>
  JSON.parse(readFileSync(join(FAMILIES, family, "expected.json"), "utf8"));

const json = async (args: readonly string[], options = {}) => {
  const { code, out, err } = await muladd([...args, "--json", ...REFERENCE], options);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
};
/** A copy of a fixture without an end-of-text id, so that 24 tokens are 24. */
function endless(family: string): string {
  const folder = join(temporaryFolder(), family);
  cpSync(join(FAMILIES, family), folder, { recursive: true });
  rmSync(join(folder, "generation_config.json"));
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, eos_token_id: null }));
  return folder;
}

const logitsOf = async (model: string, ids: readonly number[], ...more: string[]) =>
  (await json(["inspect", model, "--ids", ids.join(","), ...more])).logits as number[];

describe.each(readdirSync(FAMILIES))("%s", (family) => {
  test("inspect gives transformers' logits, and generate its greedy continuation", async () => {
    const { greedy, logits } = expectedOf(family);
    const model = endless(family);
    const found = await logitsOf(model, greedy.prompt);
    expect(found).toHaveLength(logits.length);
    for (const [i, logit] of found.entries()) expect(logit).toBeCloseTo(logits[i]!, 4);
    const ids = ["--ids", greedy.prompt.join(",")];
    const n = String(greedy.tokens.length);
    const written = await json(["generate", "--model", model, ...ids, "--greedy", "-n", n]);
    expect(written.ids).toEqual(greedy.tokens);
    expect(written).toMatchObject({ model, promptIds: greedy.prompt, finish: "length" });
    expect(written).not.toHaveProperty("text");
  });

  test("exported to a folder and to GGUF, it says the same", async () => {
    const { greedy, logits } = expectedOf(family);
    const cwd = temporaryFolder();
    const model = join(FAMILIES, family);
    for (const [to, path] of [
      ["hf", "copy"],
      ["gguf", "copy.gguf"],
    ] as const) {
      const args = ["export", model, "--to", to, "-o", path, "--dtype", "f32", "-q"];
      const exported = await muladd(args, { cwd });
      if (to === "gguf" && NOT_GGUF[family] !== undefined) {
        expect(exported.err).toContain(NOT_GGUF[family]);
        expect(exported.code).toBe(1);
      } else if (to === "hf" || family !== "llama") {
        // GGUF's reader knows the scaling of Llama 3.1 to 3.3 alone; the tiny one has another.
        expect(exported).toMatchObject({ code: 0, err: "" });
        const found = await logitsOf(join(cwd, path), greedy.prompt);
        for (const [i, logit] of found.entries()) expect(logit).toBeCloseTo(logits[i]!, 4);
      }
    }
  });
});

describe("gpt2", () => {
  const gpt2 = join(FAMILIES, "gpt2");
  let copy: string;
  beforeAll(() => {
    copy = gpt2;
  });

  test("inspect lists a folder's tensors as they are stored, and its configuration", async () => {
    const { code, out } = await muladd(["inspect", copy, "--json"]);
    expect(code).toBe(0);
    const found = JSON.parse(out);
    expect(found.family).toBe("gpt2");
    expect(found.model.layers).toBeGreaterThan(0);
    expect(found.bytes).toBe(4 * found.count);
    expect(found.tensors.every((t: { dtype: string }) => t.dtype === "f32")).toBe(true);
    const shown = await muladd(["inspect", copy]);
    expect(shown.out).toContain("\ngpt2 · ");
  });

  test("one file stands for a model where its config.json lies beside it", async () => {
    const { greedy, logits } = expectedOf("gpt2");
    const found = await logitsOf(join(copy, "model.safetensors"), greedy.prompt);
    for (const [i, logit] of found.entries()) expect(logit).toBeCloseTo(logits[i]!, 4);
  });

  test("an id that ends a text ends it, and is the last", async () => {
    const { greedy } = expectedOf("gpt2");
    const folder = endless("gpt2");
    const stop = greedy.tokens[3]!;
    writeFileSync(join(folder, "generation_config.json"), JSON.stringify({ eos_token_id: [stop] }));
    const ids = ["--ids", greedy.prompt.join(",")];
    const written = await json(["generate", folder, ...ids, "--greedy", "-n", "24"]);
    expect(written.ids).toEqual(greedy.tokens.slice(0, greedy.tokens.indexOf(stop) + 1));
    expect(written.finish).toBe("stop");
  });

  test("weights in fewer bytes say nearly the same", async () => {
    const { greedy, logits } = expectedOf("gpt2");
    const worst = async (...flags: string[]) => {
      const found = await logitsOf(copy, greedy.prompt, ...flags);
      return Math.max(...found.map((logit, i) => Math.abs(logit - logits[i]!)));
    };
    const f16 = await worst("--dtype", "f16");
    const int8 = await worst("--quantize", "int8");
    const int4 = await worst("--quantize", "int4");
    expect(f16).toBeGreaterThan(0);
    expect(f16).toBeLessThan(0.01);
    expect(int8).toBeGreaterThan(f16);
    expect(int4).toBeGreaterThan(int8);
    expect(int4).toBeLessThan(1);
  });

  test("a model of the hub is fetched, and used", async () => {
    const names = ["config.json", "model.safetensors"];
    const files = names.map((name) => [name, readFileSync(join(copy, name))] as const);
    const server = await hubServer(Object.fromEntries(files));
    const env = { HF_HOME: temporaryFolder(), HF_ENDPOINT: server.endpoint };
    const imported = await muladd(["import", "hf:org/tiny", "-q"], { env });
    expect(imported).toMatchObject({ code: 0, err: "" });
    expect(imported.out).toContain(COMMIT);
    const { greedy } = expectedOf("gpt2");
    const ids = ["--ids", greedy.prompt.join(","), "--greedy", "-n", "1"];
    const written = await json(["generate", "--model", "org/tiny", ...ids, "--offline"], { env });
    expect(written.ids).toEqual(greedy.tokens.slice(0, 1));
  });

  test.each([
    [["generate", gpt2, "-p", "Hello"], 1, "has no tokenizer: it cannot read text"],
    [["generate", gpt2, "--ids", "999"], 2, "--ids has 999, which"],
    [["generate", gpt2, "--ids", "1,x"], 2, "--ids 1,x is not possible"],
    [["generate", gpt2, "--ids", "1", "-p", "x"], 2, "-p and --ids exclude each other"],
    [["generate", gpt2, "--model", gpt2], 2, "are two models"],
    [["generate"], 2, "there is no model"],
    [
      ["generate", gpt2, "--ids", "1", "--dtype", "f16", "--quantize", "int8"],
      2,
      "exclude each other",
    ],
    [["generate", gpt2, "--ids", "1", "--checkpoint", "3"], 2, "--checkpoint is for a run"],
    [["eval", gpt2, "README.md"], 1, "has no tokenizer: no text can be measured"],
    [["export", gpt2], 2, "-o is missing"],
    [["export", gpt2, "--dtype", "q8_0", "-o", "x"], 2, "--dtype q8_0 is a type of GGUF"],
    [["import", gpt2], 2, "-o is missing"],
  ] as const)("%j is refused", async (args, code, says) => {
    const result = await muladd([...args]);
    expect(result.err).toContain(says);
    expect(result).toMatchObject({ code, out: "" });
  });
});

describe("bad files", () => {
  const broken = (change: (folder: string) => void): string => {
    const folder = join(temporaryFolder(), "broken");
    cpSync(join(FAMILIES, "gpt2"), folder, { recursive: true });
    change(folder);
    return folder;
  };
  const config = (folder: string, more: object | string) => {
    const path = join(folder, "config.json");
    const old = readFileSync(path, "utf8");
    writeFileSync(
      path,
      typeof more === "string"
        ? old.replace("{", `{${more}`)
        : JSON.stringify({ ...JSON.parse(old), ...more }),
    );
  };
  const ids = ["--ids", "1,2", ...REFERENCE];

  test.each<readonly [string, (folder: string) => void, string]>([
    ["no weights", (f) => rmSync(join(f, "model.safetensors")), "no tensors"],
    [
      "a header of 100 GB",
      (f) => {
        const bytes = readFileSync(join(f, "model.safetensors"));
        bytes.writeBigUInt64LE(100_000_000_000n);
        writeFileSync(join(f, "model.safetensors"), bytes);
      },
      "model.safetensors",
    ],
    [
      "a file cut short",
      (f) =>
        writeFileSync(
          join(f, "model.safetensors"),
          readFileSync(join(f, "model.safetensors")).subarray(0, -5),
        ),
      "cut short",
    ],
    ["NaN in the config", (f) => config(f, '"layer_norm_epsilon": NaN,'), "NaN"],
    ["an unknown field", (f) => config(f, { frobnicate: 3 }), "frobnicate"],
    [
      "an unknown family",
      (f) => config(f, { model_type: "bert", architectures: ["Bert"] }),
      "bert",
    ],
    ["tensors of another shape", (f) => config(f, { vocab_size: 77 }), "77"],
    [
      "a shard that leaves the folder",
      (f) => {
        rmSync(join(f, "model.safetensors"));
        const map = { weight_map: { "wte.weight": "../model.safetensors" } };
        writeFileSync(join(f, "model.safetensors.index.json"), JSON.stringify(map));
      },
      "../model.safetensors",
    ],
    [
      "a shard missing",
      (f) => {
        rmSync(join(f, "model.safetensors"));
        const map = { weight_map: { "wte.weight": "model-00001-of-00002.safetensors" } };
        writeFileSync(join(f, "model.safetensors.index.json"), JSON.stringify(map));
      },
      "model-00001-of-00002.safetensors is missing",
    ],
  ])("%s is an error that says so", async (_, change, says) => {
    const { code, out, err } = await muladd(["inspect", broken(change), ...ids]);
    expect(err).toContain(says);
    expect(err).not.toContain("bug");
    expect(out).toBe("");
    expect([1, 2]).toContain(code);
  });

  test("a model larger than the memory: bytes needed, bytes there, and what would fit", async () => {
    using backend = reference();
    const limits = { ...backend.limits, maxBytes: 3e9 };
    Object.defineProperty(backend, "limits", { value: limits });
    const xl = presetConfig(presets["gpt2-xl"]!);
    const error = await checkWeights(xl, "f32", backend).then(
      () => undefined,
      (thrown) => explain(thrown),
    );
    expect(error?.message).toBe("the model needs 6.23 GB of memory in f32");
    expect(error?.why).toEqual([
      "the reference backend has 3 GB",
      "in int8 it needs 1.76 GB",
      "in int4 it needs 982 MB",
    ]);
    expect(error?.remedies).toEqual(["--quantize int8", "--quantize int4"]);
    await checkWeights(xl, "int8", backend);
  });

  test("a folder without config.json holds no model", async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, "empty"));
    const { code, err } = await muladd(["inspect", "empty"], { cwd });
    expect({ code, err }).toMatchObject({ code: 1 });
    expect(err).toContain("empty holds no model: it has no config.json\n");
  });
});

test("eval --compare gives the held-out loss in each format", async () => {
  const place = workplace();
  await place.train("--steps", "4", "--tokenizer", "bpe:270", "--width", "64");
  const { out, code } = await place.run([
    "eval",
    "run",
    "--compare",
    "--json",
    "--backend",
    "wasm",
  ]);
  expect(code).toBe(0);
  const { compare } = JSON.parse(out);
  expect(compare.map((c: { weights: string }) => c.weights)).toEqual([
    "f32",
    "bf16",
    "int8",
    "int4",
  ]);
  const [f32, bf16, int8, int4] = compare as { loss: number; bytes: number }[];
  for (const other of [bf16!, int8!, int4!]) {
    expect(other.loss).not.toBe(f32!.loss);
    expect(other.loss).toBeCloseTo(f32!.loss, 1);
  }
  expect(f32!.bytes).toBeGreaterThan(bf16!.bytes);
  expect(bf16!.bytes).toBeGreaterThan(int8!.bytes);
  expect(int8!.bytes).toBeGreaterThan(int4!.bytes);
  const one = await place.run(["eval", "run", "--quantize", "int8", "--json", "--backend", "wasm"]);
  expect(JSON.parse(one.out).loss).toBe(int8!.loss);
});

test("a run exported to Hugging Face's form opens as a model, and writes the same", async () => {
  const place = workplace();
  await place.train("--steps", "2", "--tokenizer", "bpe:270");
  const exported = await place.run(["export", "run", "-o", "out", "-q"]);
  expect(exported).toMatchObject({ code: 0, err: "" });
  expect(readdirSync(place.path("out")).sort()).toEqual([
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
  ]);
  const args = ["-p", "The dog", "-n", "8", "--greedy", ...REFERENCE];
  const [a, b] = [
    await place.run(["generate", "run", ...args]),
    await place.run(["generate", "out", ...args]),
  ];
  expect(b.out).toBe(a.out);
  const again = await place.run(["export", "run", "-o", "out"]);
  expect(again.err).toContain("out is not empty");
});
