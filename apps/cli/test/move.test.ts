import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { reference } from "@muladd/backend-reference";
import { nodeFiles, openTensors, toFloat32 } from "@muladd/checkpoint";
import { GPT, generate } from "@muladd/gpt";
import { loadGPT, openPretrained } from "@muladd/gpt/huggingface";
import { nodeFolder, Run, trainingConfig } from "@muladd/gpt/train";
import { init } from "@muladd/nn";
import { bytes as byteTokenizer, trainBPE } from "@muladd/tokenizer";
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

test.each(["gpt2", "llama", "qwen2"])(
  "%s: a GGUF file of it opens again, and writes the same",
  async (name) => {
    const cwd = temporaryFolder();
    const exported = await muladd(["export", fixture(name), "-o", "m.gguf", "--dtype", "f32"], {
      cwd,
    });
    expect(exported.code).toBe(0);
    expect(exported.out).toContain(`m.gguf: ${name}, F32, `);
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
    // Back from it: another family's file may be written from a GGUF as from a folder.
    expect((await muladd(["import", "m.gguf", "-o", "back"], { cwd })).code).toBe(0);
    const [stored, back] = [await tensors(fixture(name)), await tensors(join(cwd, "back"))];
    expect(back).toEqual(Object.fromEntries(Object.keys(back).map((key) => [key, stored[key]])));
  },
);

test("a run becomes a folder with its numbers; characters are told to be its own", async () => {
  const cwd = temporaryFolder();
  await tinyRun(cwd);
  const args = ["export", "tiny", "--to", "hf", "-o", "tiny-hf", "--checkpoint", "newest"];
  const { code, out, err } = await muladd(args, { cwd });
  expect(code).toBe(0);
  expect(out).toContain("tiny-hf: gpt2, F32, ");
  expect(err).toContain(
    "transformers has no tokenizer of characters: tokenizer.json is in muladd's form",
  );
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
  expect(gguf.err).toContain("the file has none, and takes and gives ids\n");
});
