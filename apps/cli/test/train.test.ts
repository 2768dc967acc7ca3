import { existsSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "../src/program.ts";
import { testIO } from "./support.ts";
import { checkpoint, SMALL, TEXT, workplace } from "./training.ts";

test("a run is trained, saved, and told: what, where, and what next", async () => {
  const place = workplace();
  const { code, out, err } = await place.train("--steps", "6", "--save-every", "3");
  expect(code).toBe(0);
  expect(out).toMatch(
    /^done {3}6 steps in \S+ · val \d\.\d{3} \(best, step 6\) · [\d,.]+ tok\/s\nsaved {2}run\nnext {3}muladd generate run -p "A cat saw"\n$/,
  );
  expect(err).toContain("  train  →  run\n");
  expect(err).toMatch(/^data {3}text\.txt {2}785 chars → 706 \+ 79 tokens \(char, 28\)$/m);
  expect(err).toMatch(
    /^model {2}custom {2}1 layer · 2 heads · width 8 · context 8 · learned positions$/m,
  );
  expect(err).toMatch(
    /^cost {3}[\d,]+ params · .*FLOP\/step · .* step\/s \(reference\) · about \S+$/m,
  );
  expect(err).toMatch(/^step 6\/6 loss \d\.\d{3} val \d\.\d{3} best rate 6\.0e-3 grad \d/m);
  expect(place.checkpoints()).toEqual(["step-3.safetensors", "step-6.safetensors"]);
  expect(place.json("run", "config.json")).toMatchObject({
    model: { layers: 1, width: 8, vocabulary: 28 },
    training: { steps: 6, batch: 2, saveEvery: 3 },
    data: { preset: "small", tokenizer: "char", split: 0.9 },
  });
});

test("with --json the summary is one object on stdout, and its speed is tokens over seconds", async () => {
  const { code, out } = await workplace().train("--steps", "3", "--json");
  expect(code).toBe(0);
  const summary = JSON.parse(out);
  expect(summary).toMatchObject({
    run: "run",
    type: "done",
    step: 3,
    steps: 3,
    backend: "reference",
  });
  expect(summary.tokPerSec * summary.seconds).toBeCloseTo(3 * 2 * 8, 6);
});

test("a dry run tells the cost and writes nothing", async () => {
  const place = workplace();
  const { code, out, err } = await place.run(["train", "text.txt", ...SMALL, "--dry-run"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^cost {3}.* step\/s \(reference\)/m);
  expect(existsSync(place.path("runs"))).toBe(false);
  const json = await place.run(["train", "text.txt", ...SMALL, "--dry-run", "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({ model: { width: 8 }, backend: "reference" });
});

test("measuring the step time changes neither the run nor its peak of memory", async () => {
  const place = workplace();
  const flags = [...SMALL, "--positions", "sinusoidal", "--steps", "3", "--progress"];
  await place.run(["train", "text.txt", "-o", "a", ...flags, "none"]);
  await place.run(["train", "text.txt", "-o", "b", ...flags, "plain"]);
  expect(checkpoint(place, "a", 3).equals(checkpoint(place, "b", 3))).toBe(true);
  const peak = (run: string): number => place.json(run, "summary.json").peakBytes;
  expect(peak("a")).toBeGreaterThan(0);
  expect(peak("b")).toBe(peak("a"));
});

test("the seed decides the run", async () => {
  const place = workplace();
  for (const [name, seed] of [
    ["a", "7"],
    ["b", "7"],
    ["c", "8"],
  ] as const)
    await place.run(["train", "text.txt", "-o", name, ...SMALL, "--steps", "2", "--seed", seed]);
  expect(checkpoint(place, "a", 2).equals(checkpoint(place, "b", 2))).toBe(true);
  expect(checkpoint(place, "a", 2).equals(checkpoint(place, "c", 2))).toBe(false);
});

test("runs without a name go to the first free folder", async () => {
  const place = workplace();
  for (const n of [1, 2]) {
    const { out } = await place.run(["train", "text.txt", ...SMALL, "--steps", "1"]);
    expect(out).toContain(`saved  runs/small-${n}\n`);
  }
});

test("several files are joined, and stdin can be one of them", async () => {
  const place = workplace();
  writeFileSync(place.path("b.txt"), "no break at the end");
  const args = ["train", "b.txt", "-", ...SMALL, "--dry-run", "--json"];
  const { out } = await place.run(args, { stdin: TEXT });
  expect(JSON.parse(out).data).toMatchObject({
    name: "b.txt + stdin",
    characters: "no break at the end".length + 1 + TEXT.length,
  });
});

test.each([
  ["bytes", 256],
  ["bpe:280", 280],
  ["char", 28],
])("--tokenizer %s gives %i tokens", async (tokenizer, size) => {
  const place = workplace();
  const args = ["train", "text.txt", ...SMALL, "--dry-run", "--json", "--tokenizer", tokenizer];
  expect(JSON.parse((await place.run(args)).out).tokenizer.size).toBe(size);
});

test("every setting reaches the run", async () => {
  const place = workplace();
  const flags =
    "--positions sinusoidal --activation gelu --no-bias --dropout 0.1 --accumulate 2 --lr 0.01 --min-lr 0.002 " +
    "--warmup 1 --schedule wsd --optimizer sgd --momentum 0.5 --weight-decay 0.01 --clip 2 --seed 9 --eval-every 2 " +
    "--eval-batches 2 --save-every 2 --sample-every 2 --split 0.8 --steps 2 --keep 1";
  const { code } = await place.train(...flags.split(" "));
  expect(code).toBe(0);
  const { model, training, data } = place.json("run", "config.json");
  expect(model).toMatchObject({
    positions: "sinusoidal",
    activation: "gelu",
    bias: false,
    dropout: 0.1,
  });
  expect(training).toEqual({
    steps: 2,
    batch: 2,
    accumulate: 2,
    seed: 9,
    clip: 2,
    optimizer: { kind: "sgd", momentum: 0.5, nesterov: false, weightDecay: 0.01 },
    schedule: { kind: "wsd", rate: 0.01, floor: 0.002, warmup: 1 },
    evalEvery: 2,
    evalBatches: 2,
    saveEvery: 2,
    sampleEvery: 2,
  });
  expect(data.split).toBe(0.8);
});

test("a flag counts more than the environment, that more than the config file, that more than the preset", async () => {
  const place = workplace();
  writeFileSync(place.path("c.json"), JSON.stringify({ steps: 5, lr: 0.5, "eval-every": 77 }));
  const args = ["train", "text.txt", ...SMALL, "--config", "c.json", "--dry-run", "--json"];
  const env = { MULADD_STEPS: "4", MULADD_EVAL_BATCHES: "9", MULADD_SEED: "3" };
  const { out } = await place.run([...args, "--seed", "2"], { env });
  expect(JSON.parse(out).training).toMatchObject({
    seed: 2,
    steps: 4,
    evalBatches: 1,
    evalEvery: 77,
    schedule: { rate: 0.5 },
    optimizer: { betas: [0.9, 0.99] },
  });
});

test("progress as JSON is one event a line, with its version", async () => {
  const place = workplace();
  const { err } = await place.train("--steps", "20", "--eval-every", "10", "--progress", "json");
  const events = err
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.every((e) => e.v === 1)).toBe(true);
  const steps = events.filter((e) => e.type === "step");
  expect(steps.map((e) => e.step)).toEqual([10, 20]);
  expect(Object.keys(steps[1])).toEqual([
    "v",
    "type",
    "step",
    "steps",
    "loss",
    "val",
    "rate",
    "gradNorm",
    "tokPerSec",
    "etaSec",
  ]);
  expect(events.filter((e) => e.type === "eval").map((e) => e.step)).toEqual([0, 10, 20]);
  expect(events.at(-1)).toMatchObject({ type: "done", step: 20 });
});

test("a toy task is scored exactly along the way and at the end", async () => {
  const place = workplace();
  const args = [
    "train",
    "--task",
    "addition",
    "-o",
    "run",
    ...SMALL,
    "--steps",
    "2",
    "--eval-every",
    "1",
  ];
  const { code, out, err } = await place.run(args);
  expect(code).toBe(0);
  expect(err).toMatch(/^exact \d+\/25 at step 1$/m);
  expect(err).toMatch(/^exact \d+\/100 at step 2$/m);
  expect(out).toMatch(/ · exact \d+\/100 · /);
  const scored = await place.run(["eval", "run", "--batches", "1", "--backend", "reference"]);
  expect(scored.out).toMatch(/^exact {10}\d+\/100$/m);
});

test("Ctrl-C finishes the step, saves, and says how to resume; the second time it ends at once", async () => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd });
  const { write } = io.stderr;
  io.stderr.write = (text) => {
    write(text);
    if (text.startsWith("step 10/")) io.signal("SIGINT");
  };
  const args = [
    "train",
    "text.txt",
    "-o",
    "run",
    ...SMALL,
    "--steps",
    "5000",
    "--eval-every",
    "10",
  ];
  expect(await run(args, io)).toBe(130);
  expect(io.exits).toEqual([]);
  expect(io.err).toContain("stopping: finishing the step and saving");
  expect(io.out).toMatch(/^stopped 1\d of 5000 steps in /);
  expect(io.out).toContain("next   muladd train --resume run\n");
  const [only] = place.checkpoints();
  expect(io.out).toContain(`stopped ${/\d+/.exec(only!)![0]} of`);

  const twice = testIO({ cwd: place.cwd });
  twice.stderr.write = (text) => {
    if (!text.startsWith("step 10/")) return;
    twice.signal("SIGTERM");
    twice.signal("SIGTERM");
  };
  const again = args.map((a) => (a === "run" ? "again" : a));
  expect(await run(again, twice)).toBe(143);
  expect(twice.exits).toEqual([143]);
});

test("a live screen is redrawn, gives the cursor back, and obeys its keys", async () => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd, terminal: 60, env: { LANG: "C.UTF-8" } });
  const { write } = io.stderr;
  let evaluated = false;
  io.stderr.write = (text) => {
    write(text);
    if (!evaluated && /\d+\/50 /.test(text)) {
      evaluated = true;
      io.press("e");
      io.press("s");
      io.press("p");
      setTimeout(() => io.press("p"), 20);
    }
  };
  const args = ["train", "text.txt", "-o", "run", ...SMALL, "--steps", "50", "--eval-every", "50"];
  expect(await run(args, io)).toBe(0);
  expect(io.err).toContain("▏");
  expect(io.err).toMatch(/paused/);
  expect(io.err.match(/step \d+ {2}val/g)!.length).toBe(3);
  expect(io.err.lastIndexOf("\x1b[?25h")).toBeGreaterThan(io.err.lastIndexOf("\x1b[?25l"));
  for (const line of io.err.split(/\n|\r/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences
    const cells = line.replace(/\x1b\[[?\d;]*[A-Za-z]/g, "").length;
    if (/^(train|loss|speed|sample) {2}/.test(line)) expect(cells).toBeLessThan(60);
  }
});

test("Ctrl-Z takes the live screen away, and what comes next draws it again", async () => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd, terminal: 60, env: { LANG: "C.UTF-8" } });
  const { write } = io.stderr;
  let [pressed, suspended] = [false, ""];
  io.stderr.write = (text) => {
    write(text);
    if (pressed || !/\d+\/50 /.test(text)) return;
    pressed = true;
    setImmediate(() => {
      io.press("\x1a");
      suspended = io.err;
    });
  };
  expect(await run(["train", "text.txt", "-o", "run", ...SMALL, "--steps", "50"], io)).toBe(0);
  expect(suspended.endsWith("\x1b[?25h\x1b[?2026l")).toBe(true);
  expect(io.err.slice(suspended.length)).toContain("\x1b[?25l");
});

test.each([0, 1, 4])("a live screen of %i columns does not end a run", async (terminal) => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd, terminal, env: { LANG: "C.UTF-8" } });
  expect(await run(["train", "text.txt", "-o", "run", ...SMALL, "--steps", "5"], io)).toBe(0);
  expect(place.checkpoints()).toHaveLength(1);
});

test("a job in the background gets plain lines, and leaves the terminal's keys alone", async () => {
  const args = ["train", "text.txt", "-o", "run", ...SMALL, "--steps", "5"];
  const terminal = { terminal: 80, env: { LANG: "C.UTF-8" }, background: true };
  const { code, err } = await workplace().run(args, terminal);
  expect(code).toBe(0);
  expect(err).toContain("plain progress, since it runs in the background; for a live screen: ");
  const place = workplace();
  const io = testIO({ ...terminal, cwd: place.cwd });
  io.stdin.keys = () => expect.unreachable("it would be stopped");
  expect(await run([...args, "--progress", "live"], io)).toBe(0);
});

test("a terminal without UTF-8 gets ASCII", async () => {
  const place = workplace();
  const io = testIO({ cwd: place.cwd, terminal: 80, env: { LANG: "C" } });
  expect(await run(["train", "text.txt", "-o", "run", ...SMALL, "--steps", "5"], io)).toBe(0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences
  expect(io.err).toMatch(/^[\x00-\x7f]*$/);
  expect(io.err).toContain("[#");
});

test.each([
  [{ CI: "1" }, "CI is set"],
  [{ TERM: "dumb" }, "TERM is dumb"],
])("a terminal with %j gets plain lines, and is told why", async (env, why) => {
  const place = workplace();
  const args = ["train", "text.txt", "-o", "run", ...SMALL, "--steps", "1"];
  const { err } = await place.run(args, { terminal: 80, env: { LANG: "C.UTF-8", ...env } });
  expect(err).toContain(`plain progress, since ${why}; for a live screen: --progress live\n`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences
  expect(err).not.toMatch(/\x1b/);
});

test("quiet says the result alone", async () => {
  const { err, out } = await workplace().train("--steps", "1", "-q");
  expect(err).toBe("");
  expect(out).toMatch(/^done/);
});

test("text that spells a special token is text", async () => {
  const place = workplace(`${TEXT}<|endoftext|>\n${TEXT}`);
  expect((await place.train("--steps", "1", "--tokenizer", "bpe:300")).code).toBe(0);
  rmSync(place.path("run"), { recursive: true });
});

test("a batch that fits on paper only names the largest that does, and the way to go on", async () => {
  const { run } = workplace();
  // The plan knows no kernel's scratch, of which such a model needs as much as for everything else.
  const flags = "--preset tiny --sample-every 0 --steps 2 --backend wasm --threads 1 --quiet";
  const result = await run(`train text.txt -o run ${flags} --memory 3M`.split(" "));
  expect(result.code).toBe(1);
  const [, fits, batch, accumulate] =
    /^error: wasm: no room for .* MB \(.* MB are in use, of at most 3\.0 MB\)\n {2}of batch 16 at most (\d+) fit: .*\n {2}no step was saved yet\n {2}try {2}muladd train --resume run --batch (\d+) --accumulate (\d+)\n/.exec(
      result.err,
    )!;
  expect(Number(fits)).toBeLessThan(16);
  expect(Number(batch)).toBeLessThanOrEqual(Number(fits));
  expect(Number(batch) * Number(accumulate)).toBeGreaterThanOrEqual(16);
  const again = `train --resume run --batch ${batch} --accumulate ${accumulate} --backend wasm`;
  expect((await run(again.split(" "))).code).toBe(0);
});
