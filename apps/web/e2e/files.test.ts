import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, takeTiny, train, type Watched, watch } from "./app.ts";
import { drop } from "./drop.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let page: Page;
let complaints: Watched["complaints"];
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "muladd-files-"));
  site = new Site();
  browser = await launch();
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  ({ complaints } = await watch(page, await site.serve(), "train"));
  await takeTiny(page);
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

const field = () => page.getByRole("group", { name: "Text to learn from" });
const words = () => field().innerText();
const problem = () => field().getByRole("alert").innerText();
const prepared = () => page.getByRole("region", { name: "Before the start" });

const SENTENCE = "the cat sat on the mat, and the dog on the log. ";

test("a text file that is dropped is what the model learns", async () => {
  await drop(file("dropped.txt", SENTENCE.repeat(200)), field());
  await expect.poll(words).toContain("dropped.txt: 9,600 characters");
  expect(await field().getByRole("combobox").inputValue()).toBe("own");
  await expect.poll(() => prepared().innerText()).toContain("8,640 + 960 tokens");
});

test("so is one that is picked, and what is pasted, short or long", async () => {
  await field()
    .getByLabel("Or a text file")
    .setInputFiles(file("picked.txt", SENTENCE.repeat(150)));
  await expect.poll(words).toContain("picked.txt: 7,200 characters");
  for (const [times, characters] of [
    [20, "960"],
    [2000, "96,000"],
  ] as const) {
    await page.evaluate((text) => navigator.clipboard.writeText(text), SENTENCE.repeat(times));
    await field().getByLabel("Paste or write").focus();
    await page.keyboard.press("ControlOrMeta+V");
    await page.keyboard.press("Tab");
    await expect.poll(words).toContain(`pasted.txt: ${characters} characters`);
  }
});

test("text that is pasted and trained on at once is the text of the run", async () => {
  const text = "The little dog sat. ".repeat(200);
  await page.reload();
  await takeTiny(page);
  await field().getByRole("combobox").selectOption("own");
  await field().getByLabel("Paste or write").fill(text);
  await train(page, 5);
  await pause(page);
  await page.getByRole("link", { name: "Look inside" }).click();
  await page.getByRole("radio", { name: "Any tensor" }).check();
  const embedding = page.locator("option", { hasText: /^tokens.weight/ });
  await embedding.waitFor({ state: "attached" });
  expect(await embedding.textContent()).toContain(`(${new Set(text).size} × 32)`);
});

test("what cannot be learned from is refused, with what to do", async () => {
  await page.goto(page.url().replace(/#.*/, "#/train"));
  await page.reload();
  const bad = async (path: string, says: string, as: "drop" | "pick") => {
    if (as === "drop") await drop(path, field());
    else await field().getByLabel("Or a text file").setInputFiles(path);
    await expect.poll(problem).toBe(says);
  };
  const binary = file("picture.png", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0));
  await bad(
    binary,
    "picture.png is a binary file (byte 4 is zero): give a text file, such as .txt or .md.",
    "drop",
  );
  await bad(
    file("empty.txt", ""),
    "empty.txt is empty: give some text, or take the stories.",
    "pick",
  );
  await bad(
    file("latin.txt", Uint8Array.of(0xe9, 0x20, 0xe9)),
    "latin.txt is not UTF-8 text: save it as UTF-8, and give it again.",
    "pick",
  );
  const inside = join(folder, "folder");
  mkdirSync(inside);
  await drop(inside, field());
  await expect.poll(problem).toBe("folder is a folder; drop a text file.");
  // Whoever wanted to train on a text does not train on the stories unasked.
  await expect.poll(() => prepared().getByRole("alert").innerText()).toContain("the text is empty");
});

test("emoji, Arabic and markup are text: shown as they are, never run", async () => {
  const name = '<img src=x onerror="globalThis.ran=1">.txt';
  const text = `\u0645\u0631\u062d\u0628\u0627 😀👩‍👩‍👧 <script>ran=1</script><img src=x onerror=ran=1> ${SENTENCE.repeat(99)}`;
  await drop(file(name, text), field());
  const shown = field().locator("pre");
  await expect.poll(() => shown.innerText()).toContain("😀👩‍👩‍👧 <script>ran=1</script><img src=x");
  expect(await words()).toContain(
    `${name}: ${[...text].length.toLocaleString("en-US")} characters`,
  );
  expect(await shown.locator("*").count()).toBe(0);
  expect(await shown.evaluate((pre) => getComputedStyle(pre).direction)).toBe("rtl");
  expect(await page.evaluate(() => "ran" in globalThis)).toBe(false);
});

test("a file that misses its place does not take the page away", async () => {
  // A browser opens what is dropped, unless the page prevents it.
  const prevented = page.evaluate(
    () =>
      new Promise((resolve) =>
        addEventListener("dragover", (event) => resolve(event.defaultPrevented), { once: true }),
      ),
  );
  await drop(file("missed.txt", SENTENCE), page.getByRole("heading", { name: "Train", level: 1 }));
  expect(await prevented).toBe(true);
});

test("20 MB are taken, and the page is drawn while they are read", async () => {
  await page.reload();
  await takeTiny(page);
  const drawn = await page.evaluateHandle(() => {
    const drawn = { frames: 0 };
    const count = () => {
      drawn.frames++;
      requestAnimationFrame(count);
    };
    count();
    return drawn;
  });
  await drop(file("large.txt", SENTENCE.repeat(437_000)), field());
  await expect.poll(words).toContain("large.txt: 20,976,000 characters");
  await expect.poll(() => prepared().innerText()).toContain("18.88 million + 2.098 million tokens");
  // Were it the page that reads them, there would be one or two.
  expect(await drawn.evaluate(({ frames }) => frames)).toBeGreaterThan(10);
});

test("nothing complained", () => expect(complaints).toEqual([]));
