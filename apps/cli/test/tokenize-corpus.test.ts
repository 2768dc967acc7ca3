import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stories } from "@muladd/corpus";
import { loadTokenizer, type Tokenizer } from "@muladd/tokenizer";
import { beforeEach, expect, test } from "vitest";
import { run } from "../src/program.ts";
import { muladd, temporaryFolder, testIO } from "./support.ts";

const END = "<|endoftext|>";
let folder = "";
let tokenizer: Tokenizer;
let text = "";
const path = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = temporaryFolder();
  text = `${stories({ seed: 2, characters: 20_000 })}\nnaïve 🙂 café`;
  writeFileSync(path("a.txt"), text);
  const trained = ["tokenize", "--train", "a.txt", "-o", "tok.json", "--vocabulary", "400"];
  await muladd(trained, { cwd: folder });
  const json = JSON.parse(readFileSync(path("tok.json"), "utf8"));
  json.added_tokens = [{ id: 400, content: END, special: true, normalized: false }];
  json.model.vocab[END] = 400;
  writeFileSync(path("tok.json"), JSON.stringify(json));
  tokenizer = loadTokenizer(json);
});

const flags = ["-o", "out/corpus.bin", "--tokenizer", "tok.json"];
const u16 = (name: string) => {
  const bytes = readFileSync(path(name));
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i));
};

test("a token file holds the ids of the text, 16 bits each, and a file beside it says so", async () => {
  const { code, out } = await muladd(["tokenize", "a.txt", ...flags], { cwd: folder });
  expect(code).toBe(0);
  const ids = u16("out/corpus.bin");
  expect(ids).toEqual(Array.from(tokenizer.encode(text)));
  expect(out).toContain(`out/corpus.bin: ${ids.length.toLocaleString("en-US")} tokens (u16)`);
  const about = JSON.parse(readFileSync(path("out/corpus.bin.json"), "utf8"));
  expect(about).toEqual({
    v: 1,
    dtype: "u16",
    count: ids.length,
    bytes: Buffer.byteLength(text),
    tokenizer: { kind: "bpe", size: 401, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(readdirSync(path("out"))).toEqual(["corpus.bin", "corpus.bin.json"]);
});

test.each([1, 2, 3, 4093])("stdin in parts of %i bytes gives the same", async (part) => {
  const short = text.slice(-2000);
  const io = { cwd: folder, stdin: `\uFEFF${short}`, part };
  expect((await muladd(["tokenize", ...flags], io)).code).toBe(0);
  expect(u16("out/corpus.bin")).toEqual(Array.from(tokenizer.encode(short)));
});

test("files are joined by a line break where one is missing, and ids can have 32 bits", async () => {
  writeFileSync(path("b.txt"), "one\n");
  writeFileSync(path("c.txt"), "two");
  const { out } = await muladd(
    ["tokenize", "c.txt", "b.txt", "-", "b.txt", ...flags, "--dtype", "u32", "--json"],
    { cwd: folder, stdin: "three" },
  );
  const ids = tokenizer.encode("two\none\nthree\none\n");
  expect(JSON.parse(out)).toMatchObject({
    dtype: "u32",
    count: ids.length,
    output: "out/corpus.bin",
  });
  expect(readFileSync(path("out/corpus.bin"))).toEqual(Buffer.from(ids.buffer));
});

test("a special token is refused, unless it is said what to make of it", async () => {
  writeFileSync(path("s.txt"), `a ${END} b`);
  const write = (...more: string[]) =>
    muladd(["tokenize", "s.txt", ...flags, ...more], { cwd: folder });
  const refused = await write();
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toContain(`the text spells the special token ${END}`);
  expect(refused.err).toContain("try  --allow-special   or   --special-as-text");
  expect(readdirSync(path("out"))).toEqual([]);
  await write("--allow-special");
  expect(u16("out/corpus.bin")).toContain(400);
  await write("--special-as-text");
  expect(u16("out/corpus.bin")).not.toContain(400);
});

test.each([
  [[0xff], 0],
  [[0x61, 0x62, 0xe2, 0x82], 2],
  [[0x61, 0xef, 0xbf, 0xbd, 0xe2, 0x28, 0xa1], 4],
  [[0xf0, 0x9f, 0x99, 0x82, 0xf0, 0x9f, 0x99], 4],
])("bytes %j are an error at %i, or U+FFFD, wherever parts end", async (bytes, at) => {
  const stdin = Uint8Array.from(bytes);
  for (const part of [1, 2, 3, 100]) {
    const io = { cwd: folder, stdin, part };
    const refused = await muladd(["tokenize", "-", ...flags], io);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain(`byte ${at} does not belong to a character`);
    expect(existsSync(path("out/corpus.bin"))).toBe(false);
    await muladd(["tokenize", "-", ...flags, "--invalid", "replace"], io);
    expect(tokenizer.decode(u16("out/corpus.bin"))).toBe(new TextDecoder().decode(stdin));
    rmSync(path("out"), { recursive: true });
  }
});

test("Ctrl-C leaves the old file as it was, and nothing half-written", async () => {
  await muladd(["tokenize", "a.txt", ...flags], { cwd: folder });
  const before = readFileSync(path("out/corpus.bin"));
  const io = testIO({ cwd: folder, stdin: text.repeat(200), part: 1000 });
  const running = run(["tokenize", "-", ...flags], io);
  while (!existsSync(path("out/corpus.bin.tmp"))) await new Promise((done) => setTimeout(done, 1));
  io.signal("SIGINT");
  expect(await running).toBe(130);
  expect(io.err).toContain("stopped; out/corpus.bin was not written");
  expect(readFileSync(path("out/corpus.bin"))).toEqual(before);
  expect(readdirSync(path("out"))).toEqual(["corpus.bin", "corpus.bin.json"]);
});

test("progress tells bytes, speed and tokens", async () => {
  const args = ["tokenize", "a.txt", ...flags, "--progress"];
  const plain = await muladd([...args, "plain"], { cwd: folder });
  expect(plain.err).toMatch(/^tokenizing .* 20(\.\d)? kB · \d+\.\d MB\/s · [\d,]+ tokens\n/);
  const json = await muladd([...args, "json"], { cwd: folder });
  const bytes = Buffer.byteLength(text);
  expect(JSON.parse(json.err)).toMatchObject({ type: "progress", done: bytes, total: bytes });
});

test.each([
  [["no.txt", ...flags], 1, "there is no file no.txt", "with -o, arguments are files"],
  [[".", ...flags], 1, ". is a folder", ""],
  [["a.txt", "-o", "."], 1, ". is a folder, not a file for tokens", "-o corpus.bin"],
  [["a.txt", "-o", "a.txt/x.bin"], 1, "a.txt", "a part of the path is a file, not a folder"],
  [["a.txt", "--tokenizer", "cl100k"], 2, "no tokenizer cl100k", "--tokenizer cl100k_base"],
  [["a.txt", "-o", "x.bin", "--tokenizer", "char"], 2, "it is made of the text", "--run RUN"],
  [["a.txt", "-o", "x.bin", "--dtype", "u8"], 2, "--dtype u8 is not possible", "u16, u32"],
  [["a.txt", "--dtype", "u16"], 2, "--dtype needs -o", "-o corpus.bin"],
  [["a.txt", "-o", "x.bin", "--ids"], 2, "--out and --ids do not go together", "try"],
  [["-o", "x.bin"], 2, "-o needs text files", "--train FILE -o tok.json"],
  [["a", "b"], 2, "there is more than one text", 'tokenize "a b"'],
  [["-", ...flags], 2, "stdin is the terminal", "< FILE"],
] as const)("tokenize %j is refused with what to do", async (args, code, what, remedy) => {
  const result = await muladd(["tokenize", ...args], { cwd: folder });
  expect(result).toMatchObject({ code, out: "" });
  expect(result.err).toContain(what);
  expect(result.err).toContain(remedy);
});

test("an empty text makes no token file", async () => {
  writeFileSync(path("empty.txt"), "");
  const { code, err } = await muladd(["tokenize", "empty.txt", ...flags], { cwd: folder });
  expect(code).toBe(1);
  expect(err).toContain("there is no text");
  expect(readdirSync(path("out"))).toEqual([]);
});
