import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/index.ts";
import { RUN_VERSION, Run, RunError, SaveError } from "../../src/train/index.ts";
import { begin, failing, runConfig, TEXT, temporary, tokenizer } from "./tiny.ts";

describe("a run", () => {
  test("is a folder that opens as it was created", async () => {
    await using place = await temporary();
    await Run.create(place.folder, runConfig({ steps: 77 }), tokenizer);
    expect((await readdir(place.root)).sort()).toEqual(["config.json", "tokenizer.json"]);
    const json = JSON.parse(await readFile(join(place.root, "config.json"), "utf8"));
    expect(json).toEqual({ muladd: RUN_VERSION, ...runConfig({ steps: 77 }) });
    const run = await Run.open(place.folder);
    expect(run.config).toEqual(runConfig({ steps: 77 }));
    expect(run.tokenizer.encode(TEXT)).toEqual(tokenizer.encode(TEXT));
    expect(run.metrics).toEqual([]);
    expect(await run.checkpoints()).toEqual([]);
    expect(await run.load()).toBeUndefined();
    expect(run.best()).toBeUndefined();
  });

  test("is not begun over another", async () => {
    await using place = await temporary();
    await begin(place.folder);
    const again = Run.create(place.folder, runConfig(), tokenizer);
    await expect(again).rejects.toThrow(RunError);
    await expect(again).rejects.toThrow(
      `${place.root} holds a run already; resume it, or choose another folder`,
    );
  });

  test("that was killed while it was created can be created again", async () => {
    await using place = await temporary();
    await expect(
      Run.create(failing(place.folder, /config\.json/), runConfig(), tokenizer),
    ).rejects.toThrow(SaveError);
    await expect(Run.open(place.folder)).rejects.toThrow("is not a run");
    await Run.create(place.folder, runConfig(), tokenizer);
    expect((await Run.open(place.folder)).config).toEqual(runConfig());
  });

  test("takes new training settings", async () => {
    await using place = await temporary();
    const run = await begin(place.folder);
    await run.configure(runConfig({ steps: 99 }).training);
    expect(run.config.training.steps).toBe(99);
    expect((await Run.open(place.folder)).config).toEqual(runConfig({ steps: 99 }));
  });

  test("keeps its summary", async () => {
    await using place = await temporary();
    await (await begin(place.folder)).summarize({ step: 3 });
    expect(JSON.parse(await readFile(join(place.root, "summary.json"), "utf8"))).toEqual({
      step: 3,
    });
  });
});

describe("opening", () => {
  const write = (root: string, file: string, text: string) => writeFile(join(root, file), text);
  const json = (extra: object) => JSON.stringify({ muladd: 1, ...runConfig(), ...extra });

  test.each<[name: string, file: string, text: string | undefined, message: string]>([
    [
      "config cut short",
      "config.json",
      '{ "muladd": 1, "mod',
      "config.json is cut short or damaged",
    ],
    ["empty config", "config.json", "", "config.json is cut short or damaged"],
    [
      "config of null",
      "config.json",
      "null",
      "is not a muladd run: its config.json was written by",
    ],
    ["foreign config", "config.json", '{"model_type":"gpt2"}', "is not a muladd run"],
    [
      "newer version",
      "config.json",
      '{"muladd":2}',
      "was written by a newer muladd (run version 2,",
    ],
    [
      "newer version",
      "config.json",
      json({ muladd: 9 }),
      "update with: npm install -g muladd@latest",
    ],
    ["tokenizer cut short", "tokenizer.json", '{"mul', "tokenizer.json is cut short or damaged"],
    ["foreign tokenizer", "tokenizer.json", "{}", "tokenizer.json: tokenizer file:"],
    [
      "tokenizer of another run",
      "tokenizer.json",
      '{"muladd":1,"type":"bytes"}',
      `tokenizer.json has 256 ids, the model ${tokenizer.size}: it is of another run`,
    ],
  ])("a run with a %s is refused", async (_, file, text, message) => {
    await using place = await temporary();
    await begin(place.folder);
    await write(place.root, file, text!);
    const opened = Run.open(place.folder);
    await expect(opened).rejects.toThrow(RunError);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(place.root);
  });

  test("a folder without a config, or none at all, is not a run", async () => {
    await using place = await temporary();
    const message = 'is not a run: it has no config.json; name a folder that "muladd train" wrote';
    await expect(Run.open(place.folder)).rejects.toThrow(message);
    await place.folder.write("notes.txt", new Uint8Array(1));
    await expect(Run.open(place.folder)).rejects.toThrow(message);
  });

  test("a run without its tokenizer is refused", async () => {
    await using place = await temporary();
    await begin(place.folder);
    await place.folder.remove("tokenizer.json");
    await expect(Run.open(place.folder)).rejects.toThrow(
      "lacks its tokenizer.json; copy it from where the run was made",
    );
  });

  test("settings that cannot be are named", async () => {
    await using place = await temporary();
    await begin(place.folder);
    await write(place.root, "config.json", json({ model: { ...runConfig().model, heads: 3 } }));
    await expect(Run.open(place.folder)).rejects.toThrow(ConfigError);
  });
});

describe("metrics", () => {
  test("are one JSON object a line, and come back", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [], { 0: 4, 10: 3 });
    run.record({ step: 10, loss: 2.5, rate: 0.1 });
    expect((await Run.open(place.folder)).metrics).toEqual([]);
    await run.flush();
    expect(await readFile(join(place.root, "metrics.jsonl"), "utf8")).toBe(
      '{"step":0,"heldOut":4}\n{"step":10,"heldOut":3}\n{"step":10,"loss":2.5,"rate":0.1}\n',
    );
    expect((await Run.open(place.folder)).metrics).toEqual(run.metrics);
  });

  test("forget the steps after a checkpoint when rewound to it", async () => {
    await using place = await temporary();
    const run = await begin(place.folder, [], { 0: 4, 10: 3, 20: 1 });
    run.rewind(10);
    expect(run.metrics.map((m) => m.step)).toEqual([0, 10]);
    expect(run.best()!.step).toBe(10);
  });

  test("with damaged lines give the others", async () => {
    await using place = await temporary();
    await begin(place.folder);
    await writeFile(
      join(place.root, "metrics.jsonl"),
      '{"step":1}\nnull\n5\n{"no":1}\n{"step":2}\n{"st',
    );
    expect((await Run.open(place.folder)).metrics).toEqual([{ step: 1 }, { step: 2 }]);
  });
});
