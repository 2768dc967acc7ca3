import { rmSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/program.ts";
import { StopText } from "../src/stop-text.ts";
import { testIO } from "./support.ts";
import { SMALL, workplace } from "./training.ts";

const REFERENCE = ["--backend", "reference"];

describe("a run of characters", () => {
  let place: ReturnType<typeof workplace>;
  const generate = (args: string, options = {}) =>
    place.run(["generate", "run", ...args.split(" "), ...REFERENCE], options);
  beforeEach(async () => {
    place = workplace();
    await place.train("--steps", "4", "--save-every", "2");
  });

  test("the prompt and what follows go to stdout, and nothing else anywhere", async () => {
    const { code, out, err } = await generate("-p A -n 30 --seed 1");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^A/);
    expect(out.endsWith("\n")).toBe(true);
    expect(out.replace(/\n$/, "").length).toBeGreaterThanOrEqual(30);
  });

  test("a seed repeats a text; without one texts differ", async () => {
    const [a, b] = [await generate("-n 60 --seed 5"), await generate("-n 60 --seed 5")];
    expect(a.out).toBe(b.out);
    const [c, d] = [await generate("-n 60"), await generate("-n 60")];
    expect(c.out).not.toBe(d.out);
  });

  test("the cache changes the speed alone", async () => {
    const a = await generate("-n 30 --seed 2");
    expect((await generate("-n 30 --seed 2 --no-cache")).out).toBe(a.out);
  });

  test("a piped prompt is continued, without echo's line break", async () => {
    const { out } = await generate("-n 3 --seed 1", { stdin: "The dog\n" });
    expect(out.startsWith("The dog")).toBe(true);
    expect(out).toBe(
      (
        await place.run([
          "generate",
          "run",
          "-p",
          "The dog",
          "-n",
          "3",
          "--seed",
          "1",
          ...REFERENCE,
        ])
      ).out,
    );
  });

  test("an empty pipe is no prompt", async () => {
    expect((await generate("-n 3 --seed 1", { stdin: "" })).out).toBe(
      (await generate("-n 3 --seed 1")).out,
    );
  });

  test("a prompt can come from a file", async () => {
    writeFileSync(place.path("prompt.txt"), "One bird");
    expect((await generate("--prompt-file prompt.txt -n 2")).out).toMatch(/^One bird/);
    const missing = await generate("--prompt-file nope.txt");
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("error: --prompt-file nope.txt cannot be read\n");
  });

  test("options that cannot be leave stdout empty", async () => {
    for (const bad of ["--top-p 2", "--min-p 3", "--temperature -1"]) {
      const { code, out } = await generate(`-p A -n 2 ${bad}`);
      expect({ code, out }).toEqual({ code: 2, out: "" });
    }
  });

  test("a prompt of many unknown characters names a few, and none that a terminal obeys", async () => {
    const unknown = "\u009b\u200b" + "абвгдежзийклмн";
    const { code, err } = await place.run(["generate", "run", "-p", unknown, ...REFERENCE]);
    expect(code).toBe(1);
    expect(err).toContain('the prompt has "\\u{9b}" "\\u{200b}" "а" ');
    expect(err).toContain(" and 6 more characters, which run has never seen\n");
  });

  test("with --json all is one object", async () => {
    const { out } = await generate("-p A -n 5 --seed 3 --json --probs 2");
    const said = JSON.parse(out);
    expect(said).toMatchObject({
      run: "run",
      checkpoint: 4,
      prompt: "A",
      seed: 3,
      finish: "length",
    });
    expect(said.ids).toHaveLength(5);
    expect(said.text).toHaveLength(5);
    expect(said.tokPerSec).toBeGreaterThan(0);
    expect(said.choices).toHaveLength(5);
    expect(said.choices[0].token).toBe(said.text[0]);
    expect(said.choices[0].candidates).toHaveLength(2);
  });

  test("--probs shows a row for each token, with what else was likely", async () => {
    const { out } = await generate("-p A -n 4 --seed 3 --probs 3");
    const rows = out.trimEnd().split("\n");
    expect(rows).toHaveLength(4);
    for (const row of rows)
      expect(row).toMatch(/^".{1,2}" +\d\.\d\d( {2}\| ".{1,2}" \d\.\d\d){2,3}$/);
  });

  test("a text ends before --stop", async () => {
    const whole = JSON.parse((await generate("-n 80 --seed 4 --json")).out).text as string;
    const stop = whole.slice(10, 12);
    const args = [
      "generate",
      "run",
      "-n",
      "80",
      "--seed",
      "4",
      "--json",
      "--stop",
      stop,
      ...REFERENCE,
    ];
    const cut = JSON.parse((await place.run(args)).out);
    expect(cut.finish).toBe("stop");
    expect(cut.text).toBe(whole.slice(0, whole.indexOf(stop)));
  });

  test("--greedy is temperature 0", async () => {
    expect((await generate("-p A -n 9 --greedy")).out).toBe(
      (await generate("-p A -n 9 --temperature 0")).out,
    );
  });

  test("an earlier checkpoint can be chosen", async () => {
    const { out } = await generate("-n 1 --checkpoint 2 --json");
    expect(JSON.parse(out).checkpoint).toBe(2);
    const missing = await generate("--checkpoint 3");
    expect(missing.code).toBe(1);
    expect(missing.err).toBe("error: run has no checkpoint of step 3\n  it has 2, 4\n");
  });

  test("speed and seed are told with -v", async () => {
    const { err } = await generate("-n 2 --seed 7 -v");
    expect(err).toMatch(/^2 tokens · [\d,.]+ tok\/s · step 4 · seed 7\n$/);
  });

  test("characters that were never seen are named, with those that are known", async () => {
    const { code, out, err } = await generate("-p Ünï");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(
      'error: the prompt has "Ü" "ï", which run has never seen\n' +
        "  it knows 28 characters: \\n .0123456AOTabcdeghimnorstw\n" +
        "  try  leave them out   or   train with --tokenizer bpe, which reads any text\n",
    );
  });

  test.each([
    ["--top-p 2", 2, "error: --top-p 2 is not possible\n  it lies in 0 … 1, without 0\n"],
    ["--top-k 0", 2, "error: --top-k 0 is not possible\n"],
    ["--min-p 7", 2, "error: --min-p 7 is not possible\n"],
    ["--temperature -1", 2, "error: --temperature -1 is not possible\n"],
    ["--greedy --top-k 3", 2, "error: --greedy and --top-k exclude each other\n"],
    ["-p A --prompt-file b", 2, "error: -p and --prompt-file exclude each other\n"],
    [
      "--checkpoint last",
      2,
      "error: --checkpoint last is not possible\n  it is a step, best or newest\n",
    ],
    ["--seed 1.5", 2, "error: --seed 1.5 is not possible\n"],
    ["--temprature 1", 2, "error: unknown option --temprature\n  try  --temperature\n"],
  ])("%s fails with %i and says %j", async (args, code, says) => {
    const result = await generate(args);
    expect(result.err).toContain(says);
    expect(result).toMatchObject({ code, out: "" });
  });

  test("Ctrl-C ends the text cleanly", async () => {
    const io = testIO({ cwd: place.cwd });
    const { write } = io.stdout;
    io.stdout.write = (text) => {
      write(text);
      io.signal("SIGINT");
    };
    expect(await run(["generate", "run", "-n", "100000", "-p", "A", ...REFERENCE], io)).toBe(130);
    expect(io.out.length).toBeLessThan(50);
    expect(io.out.endsWith("\n")).toBe(true);
  });

  test("eval measures the held-out text: once over all of it, or over random batches as training does", async () => {
    const evaluate = async (...args: string[]) =>
      JSON.parse((await place.run(["eval", "run", "--json", ...REFERENCE, ...args])).out);
    const whole = await evaluate();
    expect(whole).toMatchObject({
      run: "run",
      checkpoint: 4,
      data: "text.txt, held out",
      tokens: 78,
      bytes: 78,
    });
    expect(whole.perplexity).toBeCloseTo(Math.exp(whole.loss), 10);
    expect(whole.bitsPerByte).toBeCloseTo(whole.loss / Math.LN2, 10);
    const random = await evaluate("--batches", "1");
    const metrics = place.read("run", "metrics.jsonl").toString().trim().split("\n");
    const last = metrics.map((m) => JSON.parse(m)).findLast((m) => m.heldOut !== undefined);
    expect(random.loss).toBe(last.heldOut);
    const own = await evaluate("text.txt");
    expect(own.tokens).toBe(784);
  });

  test("eval exits with 5 above --max-loss, and tells the loss all the same", async () => {
    const high = await place.run(["eval", "run", "--max-loss", "0.5", ...REFERENCE]);
    expect(high.code).toBe(5);
    expect(high.out).toMatch(/^loss {11}\d\.\d{4} nats a token = a \d+-way guess$/m);
    expect(high.err).toMatch(/^error: the loss \d\.\d{4} is above --max-loss 0\.5\n$/);
    expect((await place.run(["eval", "run", "--max-loss", "9", ...REFERENCE])).code).toBe(0);
  });

  test("eval names what a text has that the model has never seen", async () => {
    writeFileSync(place.path("other.txt"), "Ünheard of");
    const { code, err } = await place.run(["eval", "run", "other.txt", ...REFERENCE]);
    expect(code).toBe(1);
    expect(err).toContain('other.txt has "Ü" "f", which run has never seen\n');
  });

  test("a run without a checkpoint says how to get one", async () => {
    rmSync(place.path("run", "checkpoints"), { recursive: true });
    const { code, err } = await generate("-n 1");
    expect(code).toBe(1);
    expect(err).toBe("error: run has no checkpoint yet\n  try  muladd train --resume run\n");
  });

  test("a run folder that is not there is named, with the one that was meant", async () => {
    await place.run(["train", "text.txt", ...SMALL, "--steps", "1"]);
    const { code, err } = await place.run(["generate", "runs/smal-1", ...REFERENCE]);
    expect(code).toBe(1);
    expect(err).toBe(
      "error: there is no run runs/smal-1\n  runs/ has small-1\n  try  runs/small-1\n",
    );
  });
});

test("characters of several bytes are written whole", async () => {
  const place = workplace("äöü€😀\n".repeat(60));
  await place.train("--steps", "2", "--tokenizer", "bytes");
  const { out } = await place.run([
    "generate",
    "run",
    "-p",
    "ä",
    "-n",
    "50",
    "--seed",
    "1",
    "--json",
    ...REFERENCE,
  ]);
  const { text, ids } = JSON.parse(out);
  expect(text).toBe(Buffer.from(ids).toString("utf8"));
});

describe("StopText", () => {
  const cut = (stop: string | undefined, parts: string[]) => {
    const until = new StopText(stop);
    const text = parts.map((part) => until.push(part)).join("");
    return { text: text + until.flush(), found: until.found };
  };

  test("finds a text that comes in parts", () => {
    expect(cut("END", ["ab", "cE", "N", "Dx"])).toEqual({ text: "abc", found: true });
  });

  test("gives back what only looked like its beginning", () => {
    expect(cut("END", ["aE", "NEN", "d"])).toEqual({ text: "aENENd", found: false });
    expect(cut("END", ["aEN"])).toEqual({ text: "aEN", found: false });
  });

  test("passes all without a stop text", () => {
    expect(cut(undefined, ["a", "b"])).toEqual({ text: "ab", found: false });
  });
});
