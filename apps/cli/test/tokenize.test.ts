import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import { stories } from "@muladd/corpus";
import { expect, test } from "vitest";
import { muladd, temporaryFolder } from "./support.ts";
import { tinyRun } from "./tiny-run.ts";

const TEXT = "héllo\nworld, 1 € 🙂";

test("ids go back to the text they came from, with bytes and with a trained BPE", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "my text.txt"), stories({ seed: 2, characters: 5000 }));
  const trained = await muladd(
    ["tokenize", "--train", "my text.txt", "-o", "tok.json", "--vocabulary", "300"],
    { cwd: folder },
  );
  expect(trained.code).toBe(0);
  expect(trained.out).toContain("tok.json: 300 tokens learned from my text.txt");
  for (const tokenizer of ["bytes", "tok.json"]) {
    const flags = ["--tokenizer", tokenizer];
    const ids = await muladd(["tokenize", TEXT, "--ids", ...flags], { cwd: folder });
    expect(ids.out).toMatch(/^\d+( \d+)*\n$/);
    const back = await muladd(["tokenize", "--decode", ...flags], { cwd: folder, stdin: ids.out });
    expect(back.out).toBe(TEXT);
  }
});

test("fewer tokens come from a BPE than from bytes", async () => {
  const folder = temporaryFolder();
  const text = stories({ seed: 2, characters: 5000 });
  await muladd(["tokenize", "--train", "-", "-o", "tok.json"], { cwd: folder, stdin: text });
  const count = async (name: string) =>
    Number(
      (await muladd(["tokenize", "--count", "--tokenizer", name], { cwd: folder, stdin: text }))
        .out,
    );
  expect(await count("bytes")).toBe(Buffer.byteLength(text));
  expect(await count("tok.json")).toBeLessThan((await count("bytes")) / 1.5);
});

test("chips show what cannot be seen, and lines end where the text's do", async () => {
  const { out } = await muladd(["tokenize", "a b\n€"]);
  expect(out).toBe(
    "│a│·│b│⏎│\n│<E2>│<82>│<AC>│\n97 32 98 10 226 130 172\n" +
      "7 tokens (bytes, 256) · 5 characters · 0.71 characters a token\n",
  );
});

test("chips of neighbours differ in colour where there is colour", async () => {
  const { out } = await muladd(["tokenize", "ab"], { colors: true, terminal: 80 });
  const chip = (background: "bgCyan" | "bgYellow", text: string) =>
    styleText([background, "black"], text, { validateStream: false });
  expect(out.split("\n")[0]).toBe(chip("bgCyan", "a") + chip("bgYellow", "b"));
});

test("a run's own tokenizer reads text, and names a character it has never seen", async () => {
  const folder = temporaryFolder();
  await tinyRun(folder);
  const good = await muladd(["tokenize", "the", "--run", "tiny", "--json"], { cwd: folder });
  expect(JSON.parse(good.out)).toMatchObject({ count: 3, tokens: ["t", "h", "e"] });
  const bad = await muladd(["tokenize", "th€", "--run", "tiny"], { cwd: folder });
  expect(bad.code).toBe(1);
  expect(bad.err).toContain('"€" (U+20AC) at position 2');
});

test.each([
  [["x", "--tokenizer", "byte"], 2, "there is no tokenizer byte", "try  --tokenizer bytes"],
  [["x", "--tokenizr", "char"], 2, "unknown option --tokenizr", "try  --tokenizer"],
  [["--decode", "97 300"], 1, '"300" is not an id', "0 … 255"],
  [["--decode", "97", "--ids"], 2, "--ids and --decode do not go together", "try  --ids"],
  [["x", "--vocabulary", "300"], 2, "--vocabulary needs --train", "-o tok.json"],
  [["--train", "no.txt"], 2, "--train needs a file", "-o tok.json"],
  [["--train", "no.txt", "-o", "t.json"], 1, "there is no file no.txt", "looked for"],
  [[], 2, "there is no text", 'muladd tokenize "some text"'],
] as const)("tokenize %j is refused with what to do", async (args, code, what, remedy) => {
  const result = await muladd(["tokenize", ...args], { cwd: temporaryFolder() });
  expect(result).toMatchObject({ code, out: "" });
  expect(result.err).toContain(what);
  expect(result.err).toContain(remedy);
});

test("a damaged tokenizer is named with the field that is wrong", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.txt"), "abc abc");
  await muladd(["tokenize", "--train", "t.txt", "-o", "tok.json", "--vocabulary", "257"], {
    cwd: folder,
  });
  const json = readFileSync(join(folder, "tok.json"), "utf8");
  writeFileSync(join(folder, "tok.json"), json.slice(0, json.length / 2));
  const { code, err } = await muladd(["tokenize", "x", "--tokenizer", "tok.json"], { cwd: folder });
  expect(code).toBe(1);
  expect(err).toContain("is not JSON");
});
