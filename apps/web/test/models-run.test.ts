import { wasm } from "@muladd/backend-wasm";
import { blobFiles, blobTarget } from "@muladd/checkpoint";
import { GPT, generate, gptConfig } from "@muladd/gpt";
import { writeGGUFModel, writePretrained } from "@muladd/gpt/huggingface";
import { init } from "@muladd/nn";
import { bytes, trainBPE } from "@muladd/tokenizer";
import { expect, test } from "vitest";
import { openModel } from "../src/engine/models/open.ts";
import { type Continued, loadModel, roomFor } from "../src/engine/models/run-model.ts";
import { engineOn } from "./asking.ts";
import { asked } from "./engine.ts";

/** A folder of a GPT-2 of random weights that reads bytes, and what it continues a text with. */
async function savedModel({ engine, ask }: ReturnType<typeof engineOn>) {
  await ask("probe", undefined);
  const sizes = { vocabulary: 256, context: 32, width: 16, heads: 2, layers: 1 };
  const model = new GPT(gptConfig(sizes), init(engine.backend, 5));
  const target = blobTarget();
  await writePretrained(target, model, {});
  const tokenizer = bytes();
  const expected: number[] = [];
  for await (const { id } of generate(model, tokenizer.encode("a b"), {
    maxTokens: 6,
    temperature: 0,
  }))
    expected.push(id);
  const files = Array.from(target.files, ([path, blob]) => ({ path: `m/${path}`, file: blob }));
  return { expected, files, prompt: Array.from(tokenizer.encode("a b")).join(" ") };
}

const GREEDY = { maxTokens: 6, temperature: 0 };

test("a model is loaded and continues ids as it did where it was saved", async () => {
  const page = engineOn();
  const { files, expected, prompt } = await savedModel(page);
  await page.ask("openModel", { files });
  const room = await page.ask("modelRoom", undefined);
  expect(room.formats.map(({ weights }) => weights)).toEqual(["f32", "f16", "int8", "int4"]);
  const { numbers } = await page.ask("openModel", { files });
  expect(room.formats[0]?.bytes).toBe(4 * numbers);
  const held = page.engine.backend.memory.bytes;
  expect(await page.ask("loadModel", { weights: "f32" })).toEqual({
    hasTokenizer: false,
    notes: [],
  });
  const parts: Continued[] = [];
  const part = (value: unknown) => parts.push(value as Continued);
  await page.engine.handlers.continueModel({ ...GREEDY, prompt }, asked({ part }));
  expect(parts.map(({ text }) => Number(text))).toEqual(expected);
  expect(parts[0]?.candidates?.[0]).toMatchObject({ id: expected[0], rank: 1, chance: 1 });
  await page.ask("closeModel", undefined);
  expect(page.engine.backend.memory.bytes).toBe(held);
});

test("what is no id is refused, and so is a model that is not loaded", async () => {
  const page = engineOn();
  const { files } = await savedModel(page);
  await page.ask("openModel", { files });
  const write = (prompt: string) => page.ask("continueModel", { ...GREEDY, prompt });
  await expect(write("1 2")).rejects.toThrow("the model is not loaded; load it");
  await page.ask("loadModel", { weights: "int8" });
  await expect(write("1 x")).rejects.toThrow('"x" is no id; give ids such as 1 5 7');
  await expect(write("1 256")).rejects.toThrow("id 256 is outside of the vocabulary");
});

test("a model that another backend took the place of is to be loaded anew", async () => {
  const page = engineOn();
  const { files } = await savedModel(page);
  await page.ask("openModel", { files });
  await page.ask("loadModel", { weights: "f32" });
  await page.ask("useBackend", { name: "reference" });
  await expect(page.ask("continueModel", { ...GREEDY, prompt: "1" })).rejects.toThrow(
    "the model is not on the backend in use any more; load it anew",
  );
  await page.ask("loadModel", { weights: "f32" });
  await page.ask("continueModel", { ...GREEDY, prompt: "1" });
});

test("a GGUF file is told, loaded and written with by what it says itself, its tokenizer too", async () => {
  const { ask, engine } = engineOn();
  await ask("probe", undefined);
  const tokenizer = trainBPE("the cat sat on the mat. ".repeat(20), { vocabulary: 262 });
  const sizes = { vocabulary: tokenizer.size, context: 32, width: 16, heads: 2, layers: 1 };
  const model = new GPT(gptConfig(sizes), init(engine.backend, 5));
  const target = blobTarget();
  await writeGGUFModel(target, "cat.gguf", model, { tokenizer, dtype: "F32" });
  const expected: number[] = [];
  const prompt = tokenizer.encode("the cat");
  for await (const { id } of generate(model, prompt, GREEDY)) expected.push(id);
  const facts = await ask("openModel", {
    files: [{ path: "cat.gguf", file: target.files.get("cat.gguf")! }],
  });
  expect(facts.known).toMatchObject({ family: "gpt2", config: { layers: 1, width: 16 } });
  expect(await ask("loadModel", { weights: "f32" })).toMatchObject({ hasTokenizer: true });
  const parts: Continued[] = [];
  const part = (value: unknown) => parts.push(value as Continued);
  await engine.handlers.continueModel({ ...GREEDY, prompt: "the cat" }, asked({ part }));
  expect(parts.map(({ text }) => text).join("")).toBe(tokenizer.decode(expected));
});

test("a model that does not fit is told to need more than there is, before it is read", async () => {
  using backend = await wasm({ maxBytes: 2 ** 20 });
  const sizes = { vocabulary: 4096, context: 8, width: 128, heads: 2, layers: 1 };
  const target = blobTarget();
  {
    using large = await wasm();
    await writePretrained(target, new GPT(gptConfig(sizes), init(large, 5)), {});
  }
  const held = await openModel(blobFiles(target.files));
  const room = roomFor(held.facts.known!.config, backend);
  expect(room.bytes).toBe(2 ** 20 - backend.memory.bytes);
  const fitting = room.formats.filter(({ bytes }) => bytes <= room.bytes!);
  expect(fitting.map(({ weights }) => weights)).toEqual(["int8", "int4"]);
  const reads: number[] = [];
  await expect(loadModel(backend, held, "f32", ({ read }) => reads.push(read))).rejects.toThrow(
    /the weights as f32; 1\.0 MB are there.*int8 or int4/s,
  );
  expect(reads).toEqual([]);
});
