import {
  blobTarget,
  bytesSource,
  fromFloat32,
  openSafetensors,
  quantizeQ8_0,
  writeGGUF,
  writeSafetensors,
  writeShards,
} from "@muladd/checkpoint";
import { statistics } from "@muladd/gpt";
import { expect, test } from "vitest";
import { kindOf } from "../src/client/given-files.ts";
import type { GivenBlob } from "../src/engine/models/files.ts";
import { lookStored } from "../src/engine/models/look-stored.ts";
import type { TensorFacts } from "../src/engine/models/open.ts";
import { shrink } from "../src/engine/shrink.ts";
import { partsOf } from "../src/screens/runs/parts.ts";
import { engineOn } from "./asking.ts";

const waves = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 1.7) - 0.1);
const file = (path: string, ...parts: BlobPart[]): GivenBlob => ({ path, file: new Blob(parts) });
const json = (path: string, value: unknown) => file(path, JSON.stringify(value));
const safetensors = (tensors: Readonly<Record<string, readonly number[]>>) =>
  new Uint8Array(
    writeSafetensors({
      tensors: new Map(
        Object.entries(tensors).map(([name, shape]) => {
          const data = waves(shape.reduce((product, n) => product * n, 1));
          return [name, { shape, data }];
        }),
      ),
      metadata: { format: "pt" },
    }),
  );

const GPT2 = {
  model_type: "gpt2",
  vocab_size: 11,
  n_positions: 8,
  n_embd: 4,
  n_layer: 2,
  n_head: 2,
};
const SHAPES = {
  "transformer.wte.weight": [11, 4],
  "transformer.h.0.attn.c_attn.weight": [4, 12],
  "transformer.h.0.attn.bias": [1, 1, 8, 8],
  "transformer.h.1.attn.c_attn.weight": [4, 12],
};
const signal = new AbortController().signal;

test("a folder is opened by its outermost model: the family, the configuration, every tensor", async () => {
  const { ask } = engineOn();
  const facts = await ask("openModel", {
    files: [
      file("cache/tiny/README.md", "# tiny"),
      json("cache/tiny/config.json", GPT2),
      json("cache/tiny/onnx/config.json", {}),
      file("cache/tiny/model.safetensors", safetensors(SHAPES)),
    ],
  });
  expect(facts).toMatchObject({
    name: "tiny",
    numbers: 44 + 48 + 64 + 48,
    bytes: 4 * 204,
    metadata: [["format", "pt"]],
    known: { family: "gpt2", config: { layers: 2, width: 4, context: 8, vocabulary: 11 } },
  });
  expect(facts.problem).toBeUndefined();
  const masks = facts.tensors.filter(({ ignored }) => ignored).map(({ name }) => name);
  expect(masks).toEqual(["transformer.h.0.attn.bias"]);
  expect(facts.tensors.find(({ name }) => name === "transformer.wte.weight")).toEqual({
    name: "transformer.wte.weight",
    dtype: "F32",
    shape: [11, 4],
    bytes: 176,
    numbers: 44,
    share: 44 / 204,
    ignored: false,
  });
});

test("a configuration that cannot be run here says which field, and hides no tensor", async () => {
  const { ask } = engineOn();
  const facts = await ask("openModel", {
    files: [
      json("m/config.json", { ...GPT2, model_type: "mamba" }),
      file("m/model.safetensors", safetensors(SHAPES)),
    ],
  });
  expect(facts.known).toBeUndefined();
  expect(facts.problem?.message).toContain('model_type is "mamba"');
  expect(facts.tensors).toHaveLength(4);
});

test("shards are one model; without one of them the error says which", async () => {
  const { ask } = engineOn();
  const target = blobTarget();
  await writeShards(
    target,
    ["h.0.a", "h.1.a", "h.2.a"].map((name) => ({
      name,
      dtype: "F32" as const,
      shape: [4, 4],
      read: async () => new Uint8Array(waves(16).buffer),
    })),
    { maxShardBytes: 100 },
  );
  const files = Array.from(target.files, ([path, blob]) => ({ path: `m/${path}`, file: blob }));
  const facts = await ask("openModel", { files });
  expect(facts.tensors.map(({ name }) => name)).toEqual(["h.0.a", "h.1.a", "h.2.a"]);
  const missing = files.filter(({ path }) => !path.includes("00002-of"));
  await expect(ask("openModel", { files: missing })).rejects.toThrow(
    /m\/model\.safetensors\.index\.json: model-00002-of-0000\d\.safetensors is missing, which holds 1 tensors; copy or download it too/,
  );
  // What cannot be opened takes nothing away.
  const { view } = await ask("lookStored", { name: "h.2.a" });
  expect(view.statistics.count).toBe(16);
});

test("one file is opened by what it is, not by its name", async () => {
  const { ask } = engineOn();
  const target = blobTarget();
  const blocks = waves(64);
  const tensors = [
    {
      name: "blk.0.up",
      dtype: "Q8_0" as const,
      shape: [2, 32],
      read: async () => quantizeQ8_0(blocks),
    },
  ];
  const values = new Map([["general.architecture", { type: "string" as const, value: "llama" }]]);
  await writeGGUF(target, "a", { values, tensors });
  const facts = await ask("openModel", {
    files: [{ path: "odd.bin", file: target.files.get("a")! }],
  });
  expect(facts).toMatchObject({
    name: "odd.bin",
    metadata: [["general.architecture", "llama"]],
    tensors: [
      { name: "blk.0.up", dtype: "Q8_0", shape: [2, 32], bytes: 68, numbers: 64, share: 1 },
    ],
  });
  const { view } = await ask("lookStored", { name: "blk.0.up" });
  const exact = statistics({ data: blocks }, 24);
  expect(Math.abs(view.statistics.max - exact.max)).toBeLessThan(0.01);
  expect(Math.abs(view.statistics.mean - exact.mean)).toBeLessThan(0.01);
});

test.each([
  [
    "text",
    [file("notes.txt", "a note, and not a model")],
    /notes\.txt is neither safetensors nor PyTorch nor GGUF/,
  ],
  [
    "nothing",
    [json("m/config.json", GPT2), file("m/a.txt", "a")],
    /no tensors among a\.txt, config\.json; give a \.safetensors/,
  ],
  [
    "a cut file",
    [file("m/model.safetensors", safetensors(SHAPES).slice(0, 700))],
    /model\.safetensors: .*(cut short|bytes)/,
  ],
  ["an empty file", [file("a.gguf")], /a\.gguf is neither/],
  [
    "two files",
    [file("a.bin", "a"), file("b.bin", "b")],
    /a\.bin, b\.bin: several files of tensors and no index/,
  ],
  [
    "a pointer",
    [file("m/model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n")],
    /is a pointer to a large file.*; fetch it with git lfs pull/,
  ],
  [
    "a way out",
    [json("m/model.safetensors.index.json", { weight_map: { a: "../../secret" } })],
    /"\.\.\/\.\.\/secret" is no name of a file in this folder/,
  ],
] satisfies [string, GivenBlob[], RegExp][])(
  "%s is refused, with what to do",
  async (_, files, says) => {
    await expect(engineOn().ask("openModel", { files })).rejects.toThrow(says);
  },
);

test("a pickle that calls anything is refused by that name", async () => {
  // PROTO 2, GLOBAL "os system", EMPTY_TUPLE, REDUCE, STOP, after the magic number and version of old files.
  const magic = [
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
  ];
  const version = [0x80, 2, 0x4d, 0xe9, 0x03, 0x2e];
  const info = [0x80, 2, 0x7d, 0x2e];
  const evil = new TextEncoder().encode("cos\nsystem\n)R.");
  const files = [file("a.pt", Uint8Array.from([...magic, ...version, ...info, 0x80, 2, ...evil]))];
  await expect(engineOn().ask("openModel", { files })).rejects.toThrow(/os\.system/);
});

/** A stored tensor of (rows, columns), and what was read of it. */
async function stored(shape: readonly number[], data: Float32Array, dtype: "F32" | "BF16" = "F32") {
  const target = blobTarget();
  const read = async () => fromFloat32(data, dtype);
  await writeShards(target, [{ name: "x", dtype, shape, read }], { maxShardBytes: 1e9 });
  const bytes = new Uint8Array(await [...target.files.values()][0]!.arrayBuffer());
  const store = await openSafetensors(bytesSource(bytes, "x.safetensors"));
  const tensor = store.tensors.get("x")!;
  const reads: number[] = [];
  return {
    reads,
    tensor: {
      ...tensor,
      read(begin = 0, end = tensor.byteLength) {
        reads.push(end - begin);
        return tensor.read(begin, end);
      },
    },
  };
}

test("a tensor in pieces is looked at as one in memory is: the same figures, the same picture", async () => {
  for (const shape of [[3, 1000, 1100], [300], [5, 7], [], [2, 0]]) {
    const data = waves(shape.reduce((product, n) => product * n, 1));
    if (data.length > 2) data.set([Number.NaN, Number.POSITIVE_INFINITY, 0]);
    const { tensor, reads } = await stored(shape, data);
    const { view, numbers } = await lookStored(tensor, signal);
    const whole = statistics({ data }, 24);
    expect(view.statistics).toEqual(whole);
    expect(view.heatmap).toEqual(shrink({ shape, data }));
    expect(numbers).toBe(data.length);
    expect(Math.max(...reads, 0)).toBeLessThanOrEqual(4 * 2 ** 20);
  }
});

test("of a large tensor it reads some of each row of the picture, and says how many", async () => {
  const [R, C] = [512, 300];
  const data = Float32Array.from({ length: R * C }, (_, i) => Math.floor(i / C / 4));
  const { tensor, reads } = await stored([R, C], data, "BF16");
  const { view, numbers } = await lookStored(tensor, signal, 128 * C);
  expect(numbers).toBe(R * C);
  expect(view.statistics).toMatchObject({ count: 128 * C, min: 0, max: 127, mean: 63.5 });
  // Rows 4r … 4r + 3 are all r, so that one of the four says it exactly.
  expect(view.heatmap.block).toEqual([4, 3]);
  expect(view.heatmap.values.every((x, i) => x === Math.floor(i / 100))).toBe(true);
  expect(reads.reduce((sum, n) => sum + n, 0)).toBe(2 * 2 * 128 * C); // twice, two bytes each
});

test("so it does along a row without end", async () => {
  const data = Float32Array.from({ length: 128 * 1024 }, (_, i) => Math.floor(i / 1024));
  const { tensor } = await stored([data.length], data);
  const { view } = await lookStored(tensor, signal, 128 * 256);
  expect(view.statistics).toMatchObject({ count: 128 * 256, min: 0, max: 127 });
  expect(view.heatmap.values).toEqual(Float32Array.from({ length: 128 }, (_, i) => i));
});

test("who looks elsewhere stops the reading", async () => {
  const { tensor } = await stored([64, 64], waves(4096));
  const stop = new AbortController();
  stop.abort(new Error("elsewhere"));
  await expect(lookStored(tensor, stop.signal)).rejects.toThrow("elsewhere");
});

test("parts are the blocks in their order, and what is in none first", () => {
  const facts = (name: string): TensorFacts => ({
    name,
    dtype: "F32",
    shape: [2, 5],
    bytes: 40,
    numbers: 10,
    share: 0.25,
    ignored: false,
  });
  const names = [
    "model.layers.10.b",
    "model.layers.2.mlp.experts.7.up",
    "model.norm.weight",
    "model.layers.10.a",
  ];
  const parts = partsOf(names.map(facts));
  expect(parts.map(({ name, tensors }) => [name, tensors.map((t) => t.name)])).toEqual([
    ["", ["model.norm.weight"]],
    ["model.layers.2", ["model.layers.2.mlp.experts.7.up"]],
    ["model.layers.10", ["model.layers.10.a", "model.layers.10.b"]],
  ]);
  expect(parts[2]).toMatchObject({ bytes: 80, numbers: 20, share: 0.5 });
});

test("a run is told from a model by its files, wherever they are dropped", () => {
  const kind = (...paths: string[]) => kindOf(paths.map((path) => ({ path })));
  expect(kind("tiny-1/config.json", "tiny-1/checkpoints/step-40.safetensors")).toBe("run");
  expect(kind("tiny-1.zip")).toBe("run");
  expect(kind("gpt2/config.json", "gpt2/model.safetensors")).toBe("model");
  expect(kind("stories.gguf")).toBe("model");
  expect(kind("notes.txt")).toBeUndefined();
});
