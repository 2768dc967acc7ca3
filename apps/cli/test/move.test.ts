import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reference } from "@muladd/backend-reference";
import { nodeFiles, nodeTarget, openTensors, toFloat32 } from "@muladd/checkpoint";
import { GPT, generate, gptConfig } from "@muladd/gpt";
import { loadGPT, openPretrained, writePretrained } from "@muladd/gpt/huggingface";
import { nodeFolder, Run } from "@muladd/gpt/train";
import { init } from "@muladd/nn";
import { loadTokenizer } from "@muladd/tokenizer";
import { expect, test } from "vitest";
import { fixture, fixtures } from "./families.ts";
import { COMMIT, hubServer } from "./hub-server.ts";
import { muladd, temporaryFolder } from "./support.ts";
import { tinyRun } from "./tiny-run.ts";

/** Every tensor of a folder: type, shape and bytes. */
async function tensors(path: string): Promise<Record<string, unknown>> {
  const store = await openTensors(nodeFiles(path));
  const all: Record<string, unknown> = {};
  for (const [name, tensor] of store.tensors)
    all[name] = [tensor.dtype, tensor.shape, Buffer.from(await tensor.read()).toString("hex")];
  await store.close();
  return all;
}

const config = (path: string) => JSON.parse(readFileSync(join(path, "config.json"), "utf8"));

test.each(fixtures)(
  "%s: imported and exported again, no bit of a tensor is another",
  async (name) => {
    const cwd = temporaryFolder();
    const imported = await muladd(["import", fixture(name), "-o", "once", "--json"], { cwd });
    expect(imported.code).toBe(0);
    const told = JSON.parse(imported.out);
    expect(told).toMatchObject({
      v: 1,
      form: "hf",
      out: "once",
      family: config(fixture(name)).model_type,
    });
    const once = join(cwd, "once");
    expect(readdirSync(once).toSorted()).toEqual(told.files.toSorted());
    const { code } = await muladd(["export", "once", "--to", "hf", "-o", "deep/twice"], { cwd });
    expect(code).toBe(0);
    const stored = await tensors(fixture(name));
    const written = await tensors(join(cwd, "deep/twice"));
    // What old files hold and transformers leaves out itself is not written.
    expect(Object.keys(written).length).toBeGreaterThan(5);
    expect(written).toEqual(
      Object.fromEntries(Object.keys(written).map((key) => [key, stored[key]])),
    );
    expect(config(join(cwd, "deep/twice"))).toEqual(config(once));
    expect(readFileSync(join(once, "generation_config.json"), "utf8")).toBe(
      readFileSync(join(cwd, "deep/twice/generation_config.json"), "utf8"),
    );
  },
);

test.each(["gpt2", "llama", "llama-linear", "qwen3"])(
  "%s: a GGUF file of it opens again, and writes the same",
  async (name) => {
    const cwd = temporaryFolder();
    const exported = await muladd(["export", fixture(name), "-o", "m.gguf", "--dtype", "f32"], {
      cwd,
    });
    expect(exported.code).toBe(0);
    expect(exported.out).toContain(`m.gguf: ${config(fixture(name)).model_type}, F32, `);
    const greedy = async (files: string, options: { file?: string } = {}) => {
      using backend = reference();
      const pretrained = await openPretrained(nodeFiles(files), options);
      const model = await loadGPT(backend, pretrained);
      await pretrained.close();
      const ids: number[] = [];
      for await (const { id } of generate(model, [5, 9, 2], { maxTokens: 24, temperature: 0 }))
        ids.push(id);
      return ids;
    };
    const ids = await greedy(fixture(name));
    expect(ids).toHaveLength(24);
    expect(await greedy(cwd, { file: "m.gguf" })).toEqual(ids);
    const again = await muladd(["export", fixture(name), "-o", "m.gguf"], { cwd });
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.err).toContain("error: m.gguf is there already\n");
    expect((await muladd(["import", "m.gguf", "-o", "back"], { cwd })).code).toBe(0);
    expect(await greedy(join(cwd, "back"))).toEqual(ids);
  },
);

test("a run becomes a folder with its numbers; transformers reads its characters, too", async () => {
  const cwd = temporaryFolder();
  await tinyRun(cwd);
  const args = ["export", "tiny", "--to", "hf", "-o", "tiny-hf", "--checkpoint", "newest"];
  const { code, out, err } = await muladd(args, { cwd });
  expect(code).toBe(0);
  expect(out).toContain("tiny-hf: gpt2, F32, ");
  expect(err).toBe("");
  const run = await Run.open(nodeFolder(join(cwd, "tiny")));
  const found = await run.load("newest");
  const store = await openTensors(nodeFiles(join(cwd, "tiny-hf")));
  const embedding = store.tensors.get("transformer.wte.weight")!;
  expect(toFloat32(await embedding.read(), embedding.dtype)).toEqual(
    found!.file.tensors.get("model.tokens.weight")!.data,
  );
  await store.close();
  const pretrained = await openPretrained(nodeFiles(join(cwd, "tiny-hf")));
  await pretrained.close();
  expect(pretrained.tokenizer?.encode("a")).toEqual(run.tokenizer.encode("a"));
  const half = await muladd([...args.slice(0, 5), "half", "--dtype", "bf16"], { cwd });
  expect(half.code).toBe(0);
  expect(config(join(cwd, "half")).torch_dtype).toBe("bfloat16");
  const gguf = await muladd(["export", "tiny", "-o", "tiny.gguf"], { cwd });
  expect(gguf.code).toBe(0);
  expect(gguf.err).toBe(
    "note: the file has no tokenizer, and takes and gives ids: GGUF: holds byte-level BPE, and this tokenizer is of characters\n",
  );
});

const family = (name: string): unknown => {
  const fixture = new URL(
    `../../../packages/tokenizer/test/fixtures/families/${name}.json`,
    import.meta.url,
  );
  return JSON.parse(readFileSync(fixture, "utf8")).file;
};

test("a GGUF file has the tokenizer that llama.cpp has, or none, and says why", async () => {
  const cwd = temporaryFolder();
  const exported = async (name: string, ...more: string[]) => {
    using backend = reference();
    const sizes = { vocabulary: 610, context: 8, width: 8, heads: 2, layers: 1 };
    const model = new GPT(gptConfig(sizes), init(backend, 0));
    const tokenizer = loadTokenizer(family(name));
    await writePretrained(nodeTarget(join(cwd, name)), model, { tokenizer });
    const { code, out, err } = await muladd(["export", name, "-o", `${name}.gguf`, ...more], {
      cwd,
    });
    expect(code).toBe(0);
    const read = await openPretrained(nodeFiles(cwd), { file: `${name}.gguf` });
    await read.close();
    return { out, err, read };
  };
  const whole = await exported("smollm2");
  expect(whole.err).toBe("");
  expect(whole.out).toContain("llama-cli -m smollm2.gguf\n");
  expect(whole.read.tokenizer?.toJSON()).toMatchObject({
    pre_tokenizer: { pretokenizers: [{ type: "Digits" }, { type: "ByteLevel" }] },
  });
  const why = "GGUF: tokenizer.json: model has byte_fallback; byte-level BPE as of ";
  const without = await exported("llama2");
  expect(without.err).toContain(`note: the file has no tokenizer, and takes and gives ids: ${why}`);
  expect(without.out).not.toContain("llama-cli");
  expect(without.out).toContain("generate llama2.gguf --ids 1,2,3\n");
  expect(without.read.tokenizer).toBe(undefined);
  const { out } = await exported("llama2-first", "--json");
  expect(JSON.parse(out).lacksTokenizer).toContain(why);
});

test("what cannot be written leaves nothing behind, and says what stands in the way", async () => {
  const cwd = temporaryFolder();
  await tinyRun(cwd);
  mkdirSync(join(cwd, "full"));
  writeFileSync(join(cwd, "full/mine.txt"), "mine");
  const before = readdirSync(cwd);
  const fails = async (...args: string[]) => {
    const { code, out, err } = await muladd(args, { cwd });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(readdirSync(cwd)).toEqual(before);
    return err;
  };
  const full =
    "error: full is not empty\n  it has mine.txt\n  try  -o with a folder that is new or empty\n";
  expect(await fails("export", "tiny", "-o", "full")).toBe(full);
  expect(await fails("import", fixture("gpt2"), "-o", "full")).toBe(full);
  expect(await fails("export", "full", "-o", "new")).toContain("full holds no model");
  expect(await fails("export", fixture("gpt_neo"), "-o", "new.gguf")).toContain('is "gpt_neo"');
  const file = join(cwd, "tiny/config.json");
  const run = JSON.parse(readFileSync(file, "utf8"));
  run.model.positions = "sinusoidal";
  writeFileSync(file, JSON.stringify(run));
  const stored = await fails("export", "tiny", "-o", "new");
  expect(stored).toMatch(/positions/);
});

test("a model of the hub stays in its cache; one that is not supported is not fetched", async () => {
  const read = (name: string) => new Uint8Array(readFileSync(join(fixture("gpt2"), name)));
  const server = await hubServer({
    "config.json": read("config.json"),
    "model.safetensors": read("model.safetensors"),
  });
  const env = { HF_HOME: temporaryFolder(), HF_ENDPOINT: server.endpoint };
  const cached = await muladd(["import", "hf:org/tiny", "--json"], { env });
  expect(cached.code).toBe(0);
  const { path } = JSON.parse(cached.out);
  expect(path).toContain(COMMIT);
  expect(readdirSync(path).toSorted()).toEqual(["config.json", "model.safetensors"]);
  const cwd = temporaryFolder();
  expect((await muladd(["import", "hf:org/tiny", "-o", "here", "-q"], { env, cwd })).code).toBe(0);
  expect(Object.keys(await tensors(join(cwd, "here"))).length).toBeGreaterThan(5);

  const text = new TextDecoder().decode(read("config.json")).replace('"gpt2"', '"mamba"');
  const other = await hubServer({
    "config.json": new TextEncoder().encode(text),
    "model.safetensors": read("model.safetensors"),
  });
  const its = { HF_HOME: temporaryFolder(), HF_ENDPOINT: other.endpoint };
  const refused = await muladd(["import", "hf:org/tiny"], { env: its });
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toContain('model_type is "mamba", which is not supported\n');
  expect(other.requests.filter((r) => r.includes("model.safetensors"))).toEqual([]);
});
