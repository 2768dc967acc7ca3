import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { reference } from "@muladd/backend-reference";
import { readSafetensors, writeSafetensors } from "@muladd/checkpoint";
import { type Folder, nodeFolder } from "@muladd/gpt/train";
import { expect, test } from "vitest";
import { readData } from "../src/data.ts";
import { explain } from "../src/errors.ts";
import { begin, makeTrainer, prepareNew } from "../src/train/prepare.ts";
import { trainSession } from "../src/train/session.ts";
import { muladd, testIO } from "./support.ts";
import { checkpoint, workplace } from "./training.ts";

/** A command that must fail with a code, and what it says. */
type Failure = readonly [command: string, code: number, says: string];

const data: readonly Failure[] = [
  ["train nope.txt", 1, "error: there is no file nope.txt\n  looked for "],
  ["train empty.txt", 1, "error: empty.txt is empty\n"],
  ["train blank.txt", 1, "error: blank.txt holds nothing but white space\n"],
  ["train binary.dat", 1, "error: binary.dat is a binary file, not text\n  byte 1 is NUL"],
  [
    "train latin1.txt",
    1,
    "error: latin1.txt is not UTF-8 text\n  byte 3 does not belong to a character; if it is text in another encoding, convert it\n  try  iconv -f LATIN1 -t UTF-8 latin1.txt > text.txt\n",
  ],
  ["train utf16.txt", 1, "error: utf16.txt is UTF-16LE text, not UTF-8\n  try  iconv -f UTF-16"],
  [
    "train folder",
    1,
    "error: folder is a folder, not a text file\n  try  muladd train folder/*.txt\n",
  ],
  [
    "train short.txt",
    1,
    "error: short.txt is too short for a context of 64\n  it is cut into 18 tokens to train on and 2 held out; each part needs 65\n  try  give more text\n",
  ],
  ["train text.txt --context 700", 1, "  try  give more text   or   --context 78\n"],
  ["train -", 2, "error: - reads stdin, and stdin is the terminal\n  try  muladd train - < FILE\n"],
  [
    "train text.txt -o folder/run",
    1,
    "error: folder/run holds a run already\n  try  muladd train --resume folder/run",
  ],
  ["train text.txt -o short.txt", 1, "error: -o short.txt is a file, not a folder\n"],
  [
    "train text.txt --context 8 --sample-prompt é",
    1,
    'error: --sample-prompt has "é", which text.txt has never seen\n',
  ],
  ["train --resume", 2, "error: there is no run to resume under runs/\n"],
  ["train --resume nope", 1, "error: there is no run nope\n"],
  ["train --resume text.txt", 1, "error: text.txt is a file, not the folder of a run\n"],
  [
    "train --resume folder",
    1,
    'error: folder is not a run: it has no config.json\n  name a folder that "muladd train" wrote\n',
  ],
  [
    "train --resume folder/newer",
    1,
    "error: folder/newer was written by a newer muladd (run version 99, this one reads 1)\n",
  ],
  ["train --resume folder/cut", 1, "error: folder/cut/config.json is cut short or damaged"],
  [
    "train --resume folder/odd",
    1,
    "error: folder/odd/config.json: width 7 does not divide among 2 heads",
  ],
  ["train --config nope.json", 1, "error: --config nope.json cannot be read\n"],
  ["train --config text.txt", 1, "error: --config text.txt is not JSON\n"],
];

const usage: readonly Failure[] = [
  ["tarin", 2, "error: there is no verb tarin\n  there are train, "],
  ["tarin", 2, "\n  try  muladd train\n"],
  ["train --layer 3", 2, "error: unknown option --layer\n  try  --layers\n"],
  ["train --frobnicate", 2, "error: unknown option --frobnicate\n  try  muladd train --help\n"],
  ["doctor now", 2, "Expected 0 arguments but got 1\n  try  muladd doctor --help\n"],
  ["train --config keys.json", 2, 'error: keys.json: unknown key "laers"\n'],
  ["train --config keys.json", 2, '\n  try  "layers"\n'],
  ["train --preset smal", 2, "error: there is no preset smal\n  there are tiny, small, "],
  ["train --preset smal", 2, "\n  try  --preset small\n"],
  [
    "train text.txt --backend wsm",
    2,
    "error: there is no backend wsm\n  there are auto, webgpu, wasm, reference\n  try  --backend wasm\n",
  ],
  [
    "train text.txt --backend webgpu --threads 2",
    2,
    "error: --threads says nothing to webgpu\n  it is a setting of the wasm backend\n  try  leave --threads out   or   --backend wasm\n",
  ],
  ["train text.txt --backend webgpu --no-wide", 2, "error: --no-wide says nothing to webgpu\n"],
  ["train text.txt --tokenizer chars", 2, "error: there is no tokenizer chars\n"],
  ["train text.txt --tokenizer bpe:9", 2, "  try  --tokenizer bpe:512\n"],
  [
    "train --progress plian",
    2,
    "error: --progress plian is not possible\n  it is one of auto, live, plain, json, none\n  try  --progress plain\n",
  ],
  [
    "train text.txt --width 50 --heads 4",
    2,
    "error: --width 50 does not divide among 4 heads\n  each needs a whole number of columns (50 / 4 = 12.5)\n  try  --width 52   or   --heads 5\n",
  ],
  [
    "train text.txt --steps 0",
    2,
    "error: --steps 0 is not possible\n  it must be a whole number, 1 at least\n",
  ],
  ["train text.txt --batch 1.5", 2, "error: --batch 1.5 is not possible\n"],
  ["train text.txt --lr fast", 2, "error: --lr fast is not possible\n  it must be a number\n"],
  ["train text.txt --lr -1", 2, "error: --lr -1 is not possible\n  it must be above 0"],
  [
    "train text.txt --min-lr 1",
    2,
    "error: --min-lr 1 is above --lr 0.006\n  try  --min-lr 0.0006\n",
  ],
  [
    "train text.txt --warmup 20 --steps 10",
    2,
    "error: --warmup 20 steps is longer than the run of 10\n  try  --warmup 1\n",
  ],
  [
    "train text.txt --beta2 1",
    2,
    "error: --beta2 1 is not possible\n  it lies in 0 … 1, without 1\n",
  ],
  [
    "train text.txt --momentum 0.9",
    2,
    "error: --momentum is not a setting of adamw\n  try  --optimizer sgd\n",
  ],
  ["train text.txt --optimizer sgd --beta1 0.9", 2, "error: --beta1 is not a setting of sgd\n"],
  ["train text.txt --weight-decay -1", 2, "error: --weight-decay -1 is not possible\n"],
  ["train text.txt --clip -1", 2, "error: --clip -1 is not possible\n"],
  ["train text.txt --dropout 1", 2, "error: --dropout 1 is not possible\n"],
  ["train text.txt --split 1", 2, "error: --split 1 is not possible\n"],
  ["train text.txt --seed -4", 2, "error: --seed -4 is not possible\n"],
  ["train text.txt --keep 0", 2, "error: --keep 0 is not possible\n"],
  ["train text.txt --task copy", 2, "error: --task and a text file exclude each other\n"],
  ["train --task copyy", 2, "  try  --task copy\n"],
  ["train text.txt --preset gpt3", 1, "error: the model needs 2.94 TB of memory to train\n"],
  [
    "train text.txt --preset tiny --batch 100000000 --backend reference",
    1,
    "  try  muladd train text.txt --preset tiny --batch ",
  ],
  [
    "train text.txt --preset tiny --batch 4000 --memory 200M",
    1,
    "  the wasm backend has 200 MB: weights, gradients and moments take ",
  ],
  ["train text.txt --memory 0", 2, "error: --memory 0 is not possible\n"],
  ["train text.txt --memory 8X", 2, "error: --memory 8X is not possible\n"],
  ["train text.txt --preset small --memory 3M", 1, "  not even a batch of 1 fits\n"],
];

test.each([...data, ...usage])(
  "muladd %s fails with %i and says %j",
  async (command, code, says) => {
    const place = workplace();
    const write = (name: string, content: string | Uint8Array) =>
      writeFileSync(place.path(name), content);
    write("empty.txt", "");
    write("blank.txt", " \n\n");
    write("binary.dat", Uint8Array.of(97, 0, 98));
    write("latin1.txt", Uint8Array.of(99, 97, 102, 0xe9, 32));
    write("utf16.txt", Uint8Array.of(0xff, 0xfe, 97, 0));
    write("short.txt", "only twenty letters.");
    write("keys.json", '{"laers": 2}');
    for (const run of ["run", "newer", "cut", "odd"])
      mkdirSync(place.path("folder", run), { recursive: true });
    write("folder/run/config.json", "{}");
    write("folder/newer/config.json", '{"muladd": 99, "model": {}, "training": {}}');
    write("folder/cut/config.json", '{"muladd": 1, "mod');
    const sizes = { vocabulary: 4, context: 8, width: 7, heads: 2, layers: 1 };
    write("folder/odd/config.json", JSON.stringify({ muladd: 1, model: sizes, training: {} }));
    write("folder/odd/tokenizer.json", "{}");
    const result = await place.run(command.split(" "));
    expect(result.err).toContain(says);
    expect(result.err.trim().split("\n").length).toBeLessThan(6);
    expect(result.code).toBe(code);
    expect(result.out).toBe("");
  },
);

test("a folder that cannot be written to is named before training, with another way", async () => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd });
  using backend = reference();
  const settings = { preset: "tiny", tokenizer: "char", split: 0.9, context: 8 };
  const prepared = await prepareNew(io, await readData(io, ["text.txt"]), settings, "run", backend);
  writeFileSync(place.path("run"), "");
  const error = explain(await begin(io, prepared).catch((e: unknown) => e))!;
  expect(error.message).toMatch(/^run\/tokenizer\.json could not be saved: E/);
  expect(error.why).toEqual(["nothing was trained yet"]);
  expect(error.remedies).toEqual(["-o with a folder that can be written to"]);
});

test("a model that fits no weight of its checkpoint says so in a few lines", async () => {
  const place = workplace();
  await place.train("--steps", "1");
  const config = place.json("run", "config.json");
  config.model.width *= 2;
  writeFileSync(place.path("run", "config.json"), JSON.stringify(config));
  const { code, err } = await place.run("generate run --backend reference".split(" "));
  expect(code).toBe(1);
  expect(err).toContain("error: run step 1 does not fit the model: ");
  expect(err).toMatch(/\n {2}and \d+ more\n$/);
  expect(err.trim().split("\n").length).toBeLessThan(7);
});

test("what the environment sets wrongly is named by its variable", async () => {
  const { code, err } = await muladd(["train"], { env: { MULADD_STEPS: "many" } });
  expect(code).toBe(2);
  expect(err).toContain("error: MULADD_STEPS is many\n  it must be a number\n");
});

test("a stack is shown only with -v", async () => {
  expect((await muladd(["train", "nope.txt"])).err).not.toContain("    at ");
  expect((await muladd(["train", "nope.txt", "-v"])).err).toContain("    at ");
});

test("a loss that is not a number ends with 4, names the step and the op, and keeps the last good checkpoint", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  const good = checkpoint(place, "run", 2);
  const wild = "--steps 50 --lr 1e30 --optimizer adamw --clip 0 --save-every 1000".split(" ");
  const { code, out, err } = await place.run([
    "train",
    "--resume",
    "run",
    "--backend",
    "reference",
    ...wild,
  ]);
  expect(code).toBe(4);
  expect(out).toBe("");
  expect(err).toMatch(/error: training diverged: .* at step \d+ \(first in \S+, \w+\)\n/);
  expect(err).toMatch(/\n {2}last good checkpoint: run step 2, val \d\.\d{3}\n/);
  expect(err).toContain("\n  try  muladd train --resume run --lr 1e+29 --clip 1\n");
  expect(place.checkpoints()).toEqual(["step-2.safetensors"]);
  expect(checkpoint(place, "run", 2).equals(good)).toBe(true);
});

test("numbers that are not finite are never saved", async () => {
  const place = workplace();
  const wild = "--steps 9 --lr 1e39 --save-every 1".split(" ");
  const { code, err } = await place.train(...wild);
  expect(code).toBe(4);
  expect(err).toContain("training diverged: a parameter is not finite at step 1");
  expect(err).toContain("there is no checkpoint yet");
});

test("a checkpoint with NaN in it is named", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  const path = place.path("run", "checkpoints", "step-2.safetensors");
  const file = readSafetensors(readFileSync(path));
  file.tensors.get("model.blocks.0.mlp.up.weight")!.data[3] = Number.NaN;
  writeFileSync(path, writeSafetensors(file));
  const resume = ["train", "--resume", "run", "--steps", "4", "--backend", "reference"];
  const { code, err } = await place.run(resume);
  expect(code).toBe(4);
  expect(err).toContain("loss is NaN at step 3 (first in blocks.0.mlp.up.weight, parameter)\n");
  expect(err).toContain("  run/checkpoints/step-2.safetensors holds the bad numbers already");
  const written = await place.run(["generate", "run", "-p", "A cat", "--backend", "reference"]);
  expect(written.code).toBe(1);
  expect(written.err).toContain("error: the model's logits are not numbers (NaN)");
});

/** A folder on a disk that has room for checkpoints until step `full`. */
const fullAt = (full: number, folder: Folder): Folder => ({
  ...folder,
  async write(path, bytes) {
    if (Number(/step-(\d+)/.exec(path)?.[1] ?? 0) >= full)
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    return folder.write(path, bytes);
  },
});

test("a full disk keeps the last good checkpoint and says how to go on", async () => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd });
  using backend = reference();
  const settings = {
    ...{ preset: "tiny", tokenizer: "char", split: 0.9, steps: 6, layers: 1, width: 8, heads: 2 },
    ...{ context: 8, batch: 2, saveEvery: 2, evalBatches: 1, sampleEvery: 0 },
  };
  const prepared = await prepareNew(io, await readData(io, ["text.txt"]), settings, "run", backend);
  const run = await begin(io, prepared);
  const folder = fullAt(4, { ...nodeFolder(place.path("run")), name: "run" });
  Object.defineProperty(run, "folder", { value: folder });
  const { model, trainer } = await makeTrainer(prepared, backend);
  const session = trainSession({
    io,
    mode: "none",
    prepared,
    run,
    trainer,
    model,
    samplePrompt: "\n",
    keep: 2,
  });
  const error = explain(await session.catch((e: unknown) => e))!;
  expect(error.message).toBe("the disk is full: run could not be saved");
  expect(error.why).toContain("last good checkpoint: run step 2");
  expect(error.remedies).toEqual(["make room, then muladd train --resume run"]);
  expect(error.exitCode).toBe(1);
  expect(place.checkpoints()).toEqual(["step-2.safetensors"]);
  const resumed = await place.run(["train", "--resume", "run", "--backend", "reference"]);
  expect(resumed.code).toBe(0);
  expect(resumed.err).toMatch(/^resume step 2 of 6$/m);
});
