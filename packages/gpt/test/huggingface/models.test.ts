import { reference } from "@muladd/backend-reference";
import {
  blobFiles,
  blobTarget,
  type GGUFStore,
  type GGUFValue,
  nodeTarget,
  openTensors,
  type StoredTensor,
  type TensorStore,
  toFloat32,
  writeGGUF,
} from "@muladd/checkpoint";
import { namedParameters } from "@muladd/nn";
import { FormatError, OutOfMemoryError } from "@muladd/tensor";
import { trainBPE } from "@muladd/tokenizer";
import { expect, test } from "vitest";
import {
  loadGPT,
  openPretrained,
  writeGGUFModel,
  writePretrained,
} from "../../src/huggingface/index.ts";
import { parameterShapes, readWeights } from "../../src/index.ts";
import { weightBytes } from "../../src/weight-bytes.ts";
import { backend, folder, load, names, opened } from "./fixtures.ts";

const open = (files: ReadonlyMap<string, Blob>) => openPretrained(blobFiles(files));

/** A store whose tensors are under other names, are other tensors, or are not there. */
function changed(
  store: TensorStore,
  change: (tensor: StoredTensor) => readonly StoredTensor[],
): TensorStore {
  const tensors = [...store.tensors.values()].flatMap(change);
  return { ...store, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
}

test.each(names)("%s: the parameters' shapes follow from the configuration", async (name) => {
  const { model } = await load(name);
  const found = new Map([...namedParameters(model)].map(([key, { shape }]) => [key, shape]));
  expect(new Map([...parameterShapes(model.config)].sort())).toEqual(new Map([...found].sort()));
});

test.each(names)("%s: written back, every tensor is transformers' bit for bit", async (name) => {
  const { model, family, ids } = await load(name);
  const target = blobTarget();
  const dtype = name === "llama-linear" ? "BF16" : "F32";
  const maxShardBytes = name === "qwen3" ? 20_000 : undefined;
  await writePretrained(target, model, { family, ids, dtype, maxShardBytes });
  // For families.py --verify, which asks transformers itself.
  const kept = process.env.MULADD_WRITTEN;
  if (kept)
    await writePretrained(nodeTarget(`${kept}/${name}`), model, {
      family,
      ids,
      dtype,
      maxShardBytes,
    });
  const [ours, theirs] = [
    await openTensors(blobFiles(target.files)),
    await openTensors(folder(name)),
  ];
  expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
  for (const [key, tensor] of theirs.tensors) {
    const own = ours.tensors.get(key);
    expect(own).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
    expect(Buffer.compare((await own?.read()) ?? new Uint8Array(), await tensor.read())).toBe(0);
  }
  await theirs.close();
  expect(target.files.has("model.safetensors.index.json")).toBe(name === "qwen3");
  const again = await open(target.files);
  expect(again.config).toEqual(model.config);
  expect(again.ids).toEqual(ids);
});

test("GPT-2 as the hub has it: no prefix, masks in the file, names of torch.compile", async () => {
  const { model } = await load("gpt2");
  const pretrained = await opened("gpt2");
  const renamed = (prefix: string) =>
    changed(pretrained.store, (tensor) => {
      const name = prefix + tensor.name.replace("transformer.", "");
      const mask = { ...tensor, shape: [1, 1, 40, 40] };
      return name.endsWith("ln_1.weight")
        ? [
            { ...tensor, name },
            { ...mask, name: name.replace("ln_1.weight", "attn.bias") },
            { ...mask, name: name.replace("ln_1.weight", "attn.masked_bias") },
          ]
        : [{ ...tensor, name }];
    });
  for (const prefix of ["", "_orig_mod.", "module._orig_mod.transformer."]) {
    const other = await loadGPT(backend, { ...pretrained, store: renamed(prefix) });
    expect(await readWeights(other)).toEqual(await readWeights(model));
  }
});

test("tensors that are missing, too many or of other shapes are all named, with both shapes", async () => {
  const pretrained = await opened("llama");
  const store = changed(pretrained.store, (tensor) => {
    if (tensor.name === "model.norm.weight") return [{ ...tensor, shape: [4, 4] }];
    if (tensor.name === "lm_head.weight") return [];
    if (tensor.name.endsWith("0.mlp.up_proj.weight")) return [{ ...tensor, dtype: "I32" }];
    return tensor.name.endsWith("embed_tokens.weight")
      ? [tensor, { ...tensor, name: "score.weight", shape: [2, 16] }]
      : [tensor];
  });
  const before = backend.memory.buffers;
  const failed = loadGPT(backend, { ...pretrained, store });
  await expect(failed).rejects.toThrow(FormatError);
  await expect(failed).rejects.toThrow("model.norm.weight is (4, 4), expected (16)");
  await expect(failed).rejects.toThrow("lm_head.weight (61, 16) is missing");
  await expect(failed).rejects.toThrow(
    "model.layers.0.mlp.up_proj.weight is of type I32, expected floats",
  );
  await expect(failed).rejects.toThrow("score.weight (2, 16) is not part of the model");
  expect(backend.memory.buffers).toBe(before);
});

test("a head that is tied and yet there: the same is tied, another is loaded with a warning", async () => {
  const pretrained = await opened("gpt2");
  const withHead = (head: (embedding: StoredTensor) => StoredTensor) =>
    changed(pretrained.store, (tensor) =>
      tensor.name.endsWith("wte.weight")
        ? [tensor, { ...head(tensor), name: "lm_head.weight" }]
        : [tensor],
    );
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  const same = await loadGPT(backend, { ...pretrained, store: withHead((x) => x) }, { onWarning });
  expect([same.config.tied, warnings]).toEqual([true, []]);
  const zeros = (x: StoredTensor): StoredTensor => ({
    ...x,
    read: async (begin = 0, end = x.byteLength) => new Uint8Array(end - begin),
  });
  const other = await loadGPT(backend, { ...pretrained, store: withHead(zeros) }, { onWarning });
  expect(other.config.tied).toBe(false);
  expect(warnings).toEqual([
    expect.stringContaining("lm_head.weight is not transformer.wte.weight"),
  ]);
  expect(Math.max(...((await other.head?.weight.data()) ?? [1]))).toBe(0);
});

test("a model beyond the backend's memory: the bytes needed, those there, and what would fit", async () => {
  const pretrained = await opened("gpt2");
  const small = (maxBytes: number) =>
    Object.assign(reference(), { limits: { maxBufferBytes: 2 ** 30, maxBytes } });
  const needed = weightBytes(pretrained.config, "f32");
  const failed = loadGPT(small(needed - 1), pretrained);
  await expect(failed).rejects.toThrow(OutOfMemoryError);
  await expect(failed).rejects.toThrow(
    /no room for 0\.1 MB \(the weights as f32; 0\.1 MB are there\); load them as f16 or int8 or int4/,
  );
  await expect(loadGPT(small(1000), pretrained)).rejects.toThrow("no format fits");
  const model = await loadGPT(small(needed), pretrained);
  expect(model.config.width).toBe(24);
});

test.each(["f16", "bf16", "int8", "int4"] as const)(
  "weights as %s are near those of the file",
  async (weights) => {
    const pretrained = await opened("gpt2");
    const exact = await readWeights(await loadGPT(backend, pretrained));
    const packed = await readWeights(await loadGPT(backend, pretrained, { weights }));
    const largest = { f16: 1e-3, bf16: 8e-3, int8: 8e-3, int4: 0.15 }[weights]; // of weights up to 1.2, by their steps
    let worst = 0;
    for (const [name, { data }] of exact)
      data.forEach((x, i) => {
        worst = Math.max(worst, Math.abs(x - packed.get(name)!.data[i]!));
      });
    expect(worst).toBeLessThan(largest);
    expect(worst).toBeGreaterThan(0);
  },
);

test("the folder travels with its tokenizer, its template and its generation", async () => {
  const { model } = await load("gpt2");
  const tokenizer = trainBPE("the cat sat on the mat. ".repeat(9), { vocabulary: 270 });
  const target = blobTarget();
  await writePretrained(target, model, {
    tokenizer,
    chatTemplate: "{{ messages }}",
    generation: { eos_token_id: [3, 4], temperature: 0.7 },
  });
  const again = await open(target.files);
  expect(again.tokenizer?.encode("the mat")).toEqual(tokenizer.encode("the mat"));
  expect(again.chatTemplate).toBe("{{ messages }}");
  expect(again.generation).toEqual({ eos_token_id: [3, 4], temperature: 0.7 });
  expect(again.ids.eos).toEqual([3, 4]);
  target.files.delete("chat_template.jinja");
  target.files.set(
    "tokenizer_config.json",
    new Blob(['{"chat_template":[{"name":"default","template":"old"}]}']),
  );
  expect((await open(target.files)).chatTemplate).toBe("old");
});

test("tensors without a config.json are no model; one named file beside it is", async () => {
  const target = blobTarget();
  const { model } = await load("gpt2");
  await writePretrained(target, model);
  const { store, ...named } = await openPretrained(blobFiles(target.files), {
    file: "model.safetensors",
  });
  expect(named.config).toEqual(model.config);
  expect(store.tensors.size).toBe(28);
  await expect(openPretrained(blobFiles(target.files), { file: "config.json" })).rejects.toThrow(
    /\.safetensors, \.bin/,
  );
  target.files.delete("config.json");
  await expect(open(target.files)).rejects.toThrow(
    /config\.json is missing.* there is generation_config\.json, model\.safetensors/,
  );
});

test.each(["gpt2", "llama", "llama-linear", "qwen3"])(
  "%s by way of GGUF is the same model",
  async (name) => {
    const { model, ids } = await load(name);
    const { config } = model;
    const target = blobTarget();
    await writeGGUFModel(target, "model.gguf", model, { dtype: "F32", ids });
    const again = await open(target.files);
    expect({ ...again.config, normEpsilon: 0, dropout: 0 }).toEqual({
      ...config,
      normEpsilon: 0,
      dropout: 0,
    });
    expect(again.config.normEpsilon).toBeCloseTo(config.normEpsilon, 12); // a float32 there
    expect(again.ids).toEqual(ids);
    expect(await readWeights(await loadGPT(backend, again))).toEqual(await readWeights(model));
    if (name.startsWith("llama")) {
      // As llama.cpp has them: row 1 of a head is the row D/2 of ours.
      const stored = await opened(name);
      const q = "model.layers.0.self_attn.q_proj.weight";
      const theirs =
        (await again.store.tensors.get("blk.0.attn_q.weight")?.read()) ?? new Uint8Array();
      const width = 4 * model.config.width;
      const row = model.config.headWidth / 2;
      const source = (await numbersOf(stored.store, q)).subarray(row * width, (row + 1) * width);
      expect(Buffer.compare(theirs.subarray(width, 2 * width), source)).toBe(0);
    }
  },
);

/** The GGUF file of a fixture with other values in it. */
async function withValues(name: string, change: (values: Map<string, GGUFValue>) => void) {
  const { model } = await load(name);
  const target = blobTarget();
  await writeGGUFModel(target, "model.gguf", model, { dtype: "F32" });
  const { store } = await open(target.files);
  const { values, tensors } = store as GGUFStore; // of a .gguf
  const changed = new Map(values);
  change(changed);
  await writeGGUF(target, "model.gguf", { values: changed, tensors: [...tensors.values()] });
  return target.files;
}

test("a GGUF file without a count of key heads has as many as heads", async () => {
  const files = await withValues("llama-linear", (values) => {
    const { architecture, ...heads } = { architecture: "llama", key: "attention.head_count" };
    expect(values.delete(`${architecture}.${heads.key}_kv`)).toBe(true);
  });
  const { config } = await open(files);
  expect(config.kvHeads).toBe(config.heads);
});

test("a GGUF file whose heads turn in part is refused", async () => {
  const files = await withValues("qwen3", (values) =>
    values.set("qwen3.rope.dimension_count", { type: "u32", value: 2 }),
  );
  await expect(open(files)).rejects.toThrow(
    expect.objectContaining({
      field: "qwen3.rope.dimension_count",
      why: "is 2, and not the width of a head",
    }),
  );
});

test("a tokenizer.json beside a GGUF file counts before one inside that cannot be read", async () => {
  const files = await withValues("qwen3", (values) =>
    values.set("tokenizer.ggml.model", { type: "string", value: "llama" }),
  );
  await expect(open(files)).rejects.toThrow("tokenizer.json beside it");
  files.set("tokenizer.json", new Blob([JSON.stringify(trainBPE("a b", { vocabulary: 257 }))]));
  expect((await open(files)).tokenizer?.size).toBe(257);
});

test("an activation that GGUF cannot say is refused", async () => {
  const { model } = await load("gpt2");
  Object.assign(model, { config: { ...model.config, activation: "gelu" } });
  await expect(writeGGUFModel(blobTarget(), "model.gguf", model)).rejects.toThrow(
    expect.objectContaining({ field: "activation" }),
  );
});

test("shards of pickles open by their index", async () => {
  const index = JSON.stringify({ metadata: {}, weight_map: { "wte.weight": "part.bin" } });
  const files = new Map([
    ["config.json", new Blob([JSON.stringify({ model_type: "gpt2" })])],
    ["pytorch_model.bin.index.json", new Blob([index])],
    ["part.bin", new Blob(["\x80\x02}."])],
  ]);
  const file = "pytorch_model.bin.index.json";
  await expect(openPretrained(blobFiles(files), { file })).rejects.toThrow(/part\.bin/);
  await expect(openPretrained(blobFiles(files), { file })).rejects.not.toThrow(/safetensors/);
});

/** A tensor's numbers as F32. */
async function numbersOf(store: TensorStore, name: string): Promise<Uint8Array> {
  const tensor = store.tensors.get(name)!;
  return new Uint8Array(toFloat32(await tensor.read(), tensor.dtype).buffer);
}
