import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { button, goTo, type Watched, watch } from "./app.ts";
import { drop } from "./drop.ts";
import { launch, Site } from "./site.ts";

const families = fileURLToPath(
  new URL("../../../packages/conformance/fixtures/families/", import.meta.url),
);
/** What transformers made of a prompt, likeliest token by token. */
const { greedy }: { greedy: { prompt: number[]; tokens: number[] } } = JSON.parse(
  readFileSync(join(families, "gpt2", "expected.json"), "utf8"),
);

let site: Site;
let browser: Browser;
let page: Page;
let complaints: Watched["complaints"];
let folder: string;
let model: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "muladd-models-"));
  model = join(folder, "tiny-gpt2");
  mkdirSync(model);
  for (const name of ["config.json", "model.safetensors"])
    cpSync(join(families, "gpt2", name), join(model, name));
  site = new Site();
  browser = await launch();
  page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  ({ complaints } = await watch(page, await site.serve(), "runs"));
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const models = () => page.getByRole("region", { name: "Models from elsewhere" });
const words = () => models().innerText();
const alert = () => models().getByRole("alert").innerText();
const unfold = (part: string) => models().locator("summary", { hasText: part }).click();

test("a folder that is dropped tells its family, its configuration and its parts", async () => {
  await drop(model, models());
  await expect.poll(words).toContain("tiny-gpt2, of the family gpt2");
  const told = await words();
  expect(told).toContain("28 tensors of F32");
  expect(told).toMatch(/Attention\s+3 heads of width 8/);
  expect(told).toMatch(/Vocabulary\s+61 ids; the head is the token embedding/);
  expect(told).toMatch(/transformer\.h\.1\s+12 tensors, 7,224 numbers, 28\.9 kB, \d+\.\d %/);
  expect(await models().getByRole("button", { name: "attn.c_attn.weight" }).count()).toBe(0);
  await unfold("transformer.h.1");
  const row = models().getByRole("button", { name: "attn.c_attn.weight" });
  expect(await row.innerText()).toMatch(/24 × 72\s+F32\s+6\.91 kB/);
});

test("a tensor is drawn when it is asked for, by keys as well", async () => {
  const row = models().getByRole("button", { name: "attn.c_attn.weight" });
  await row.focus();
  await page.keyboard.press("Enter");
  await models()
    .getByRole("application", {
      name: /^Value of transformer\.h\.1\.attn\.c_attn\.weight, 24 rows/,
    })
    .waitFor();
  expect(await words()).toContain("Histogram of the 1,728 numbers.");
  await page.keyboard.press("Enter");
  await expect.poll(() => models().getByRole("application").count()).toBe(0);
});

test("it stays when another screen was looked at", async () => {
  await goTo(page, "scale");
  await goTo(page, "runs");
  expect(await words()).toContain("tiny-gpt2, of the family gpt2");
});

test("it runs here, and writes what transformers writes", async () => {
  const here = page.getByRole("region", { name: "Run it here" });
  await expect.poll(() => here.innerText()).toMatch(/It needs 6\d(\.\d)? kB of the \d/);
  await here.getByRole("button", { name: "Load it" }).click();
  await here.getByLabel("Ids to continue").fill(greedy.prompt.join(" "));
  await here.getByLabel("Tokens").fill(String(greedy.tokens.length));
  await here.getByRole("button", { name: "Write on" }).click();
  const wrote = () => here.getByLabel("What it wrote").innerText();
  await expect.poll(wrote).toBe([...greedy.prompt, ...greedy.tokens].join(" "));
  const first = here.getByRole("region", { name: "Next tokens" }).locator("tbody tr").first();
  expect(await first.innerText()).toMatch(new RegExp(`^1\\s+${greedy.tokens[0]}\\s`));
  await here.getByLabel("Ids to continue").fill("one two");
  await here.getByRole("button", { name: "Next token" }).click();
  await expect
    .poll(() => here.getByRole("alert").innerText())
    .toContain('"one" is no id: give ids such as 1 5 7');
});

test("a folder and a file that are picked are opened as dropped ones are", async () => {
  await models().getByLabel("Open a folder").setInputFiles(join(families, "llama"));
  await expect.poll(words).toContain("llama, of the family llama");
  expect(await words()).toContain("RMS norm before each part");
  await models()
    .getByLabel("Open a file")
    .setInputFiles(join(families, "qwen2", "model.safetensors"));
  await expect.poll(words).toContain("There is no config.json with it");
  expect(await page.getByRole("region", { name: "Run it here" }).count()).toBe(0);
});

test("a model that is dropped on the runs is a model all the same", async () => {
  await drop(join(model, "model.safetensors"), page.getByRole("region", { name: "Runs" }));
  await expect
    .poll(() => models().getByRole("status").innerText())
    .toBe("model.safetensors is open.");
});

test("of a file of 5 GB it reads a part, and the page stays in the hand", async () => {
  const path = join(folder, "large.safetensors");
  const [rows, columns] = [327_680, 4096];
  const size = 4 * rows * columns;
  const entry = { dtype: "F32", shape: [rows, columns], data_offsets: [0, size] };
  const header = Buffer.from(JSON.stringify({ "wte.weight": entry }));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([prefix, header, Buffer.from(Float32Array.of(-3).buffer)]));
  truncateSync(path, 8 + header.length + size); // zeros that take no room on the disk
  await drop(path, models());
  await expect.poll(words).toContain("1,342,177,280 numbers in 1 tensors of F32: 5.37 GB");
  await models().getByRole("button", { name: "wte.weight" }).click();
  await expect.poll(words).toContain("Of its 1,342,177,280 numbers 16,777,216 were read");
  expect(await words()).toMatch(/min\s+-3\s+mean\s+-1\.788e-7\s+max\s+0/);
  await models().getByLabel("Open a file").setInputFiles(join(model, "model.safetensors"));
  await expect.poll(words).toContain("28 tensors of F32");
});

test("what cannot be opened is refused, with what to do, and the model before stays", async () => {
  const whole = readFileSync(join(model, "model.safetensors"));
  const bad = async (path: string, says: RegExp) => {
    await drop(path, models());
    await expect.poll(alert).toMatch(says);
    expect(await words()).toContain("28 tensors of F32");
  };
  await bad(
    file("notes.txt", "a note"),
    /notes\.txt is neither safetensors nor PyTorch nor GGUF.*: give a \.safetensors/,
  );
  await bad(file("cut.safetensors", whole.subarray(0, 5000)), /cut\.safetensors/);
  const empty = join(folder, "empty");
  mkdirSync(empty);
  writeFileSync(join(empty, "config.json"), "{}");
  await bad(empty, /empty: no tensors among config\.json: give a \.safetensors/);
  const shards = join(folder, "shards");
  mkdirSync(shards);
  const index = { weight_map: { "wte.weight": "model-00001-of-00002.safetensors" } };
  writeFileSync(join(shards, "model.safetensors.index.json"), JSON.stringify(index));
  await bad(shards, /model-00001-of-00002\.safetensors is missing.*: copy or download it too/);
});

test("a model that is closed is gone", async () => {
  await button(page, "Close it").click();
  await expect.poll(words).not.toContain("28 tensors");
  expect(await words()).toContain("model.safetensors is closed.");
});

test("nothing complained", () => expect(complaints).toEqual([]));
