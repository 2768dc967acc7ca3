// node measure.mjs make|read|load FOLDER: one measurement in a process of its own; prints a line of JSON last.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { wasm } from "@muladd/backend-wasm";
import { nodeFiles, nodeTarget } from "@muladd/checkpoint";
import { GPT, presetConfig, presets } from "@muladd/gpt";
import { loadGPT, openPretrained, writePretrained } from "@muladd/gpt/huggingface";
import { init } from "@muladd/nn";

/** @type {Readonly<Record<string, (folder: string) => Promise<object>>>} */
const parts = {
  /** A model with GPT-2 124M's shapes and random weights, as transformers would save it. */
  async make(folder) {
    const model = new GPT(presetConfig(presets.gpt2), init(await wasm(), 1));
    await writePretrained(nodeTarget(folder), model);
    return {};
  },
  /** The file into memory, as fast as Node reads. */
  async read(folder) {
    const start = performance.now();
    const file = await open(join(folder, "model.safetensors"));
    const bytes = await file.readFile();
    await file.close();
    return { milliseconds: performance.now() - start, bytes: bytes.length };
  },
  /** The folder into a model on the WASM backend. */
  async load(folder) {
    const backend = await wasm();
    const start = performance.now();
    const pretrained = await openPretrained(nodeFiles(folder));
    await loadGPT(backend, pretrained);
    const milliseconds = performance.now() - start;
    await pretrained.close();
    return {
      milliseconds,
      bytes: backend.memory.bytes,
      peak: process.resourceUsage().maxRSS * 1024,
    };
  },
};

const [part = "", folder = ""] = process.argv.slice(2);
console.log(JSON.stringify(await parts[part]?.(folder)));
