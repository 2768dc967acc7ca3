import { readdirSync, readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let context: BrowserContext;
let url: string;
beforeAll(async () => {
  site = new Site();
  browser = await launch();
  url = await site.serve();
});
afterEach(() => context?.close());
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

async function open(options: { javaScriptEnabled?: boolean } = {}): Promise<Page> {
  context = await browser.newContext(options);
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** A panel, once it is near and was loaded. */
async function panel(page: Page, name: string) {
  const found = page.getByRole("region", { name });
  await found.scrollIntoViewIfNeeded();
  return found;
}

test("without scripts the article is all there", async () => {
  const page = await open({ javaScriptEnabled: false });
  expect(await page.locator("h2").count()).toBe(9);
  expect((await page.locator("article").innerText()).length).toBeGreaterThan(4000);
  expect(await page.getByRole("main").count()).toBe(1);
  expect(await page.locator("section > figure").count()).toBe(9);
});

test("what draws the figures that stand still is in no script of the app", () => {
  const folder = `${inject("built")}/assets/`;
  const scripts = readdirSync(folder).filter((file) => file.endsWith(".js"));
  const code = scripts.map((file) => readFileSync(folder + file, "utf8"));
  const holding = (text: string) => scripts.filter((_, i) => code[i]!.includes(text));
  expect(holding("Text becomes tokens")).toHaveLength(1);
  expect(holding("as bytes, one token each")).toEqual([]);
});

test("with scripts the text is there once, and every section has its panel", async () => {
  const page = await open();
  await expect.poll(() => page.locator(".panel").count()).toBe(9);
  expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
});

test("merges shorten the text and nothing is lost, markup being text", async () => {
  const page = await open();
  const tokens = await panel(page, "Cut your text");
  await tokens.getByLabel("Text under the lens").fill("the little dog <b>ran</b>");
  const count = () => tokens.getByRole("listitem").count();
  await tokens.getByLabel("Merges").fill("0");
  await expect.poll(count).toBe(25);
  await tokens.getByLabel("Merges").fill("512");
  await expect.poll(count).toBeLessThan(20);
  expect(await tokens.innerText()).toContain("yes, every character");
  expect(await tokens.locator("li b b").count()).toBe(0);
});

test("without places the shuffled text gives the shuffled output", async () => {
  const page = await open();
  const positions = await panel(page, "Waves and a learned table");
  await positions.getByRole("heading", { name: "Shuffle the words" }).scrollIntoViewIfNeeded();
  await expect.poll(() => positions.innerText()).toContain("each token carries its place");
  await positions.getByLabel("add the places").uncheck();
  await expect.poll(() => positions.innerText()).toContain("cannot tell the order");
  await positions.getByLabel("mask the future").check();
  await expect.poll(() => positions.innerText()).toContain("the mask alone tells");
});

test("Space steps through a row of attention to a sum of 1, and on to the next row", async () => {
  const page = await open();
  const block = await panel(page, "Attention, one operation at a time");
  const current = () => block.locator("[aria-current=step]").innerText();
  await block.getByRole("button", { name: "Next: ÷ √D" }).focus();
  for (const operation of ["÷ √D", "mask", "softmax", "· v"]) {
    await page.keyboard.press("Space");
    await expect.poll(current).toBe(operation);
  }
  const sum = Number(await block.locator(".sum output").innerText());
  expect(sum).toBeCloseTo(1, 5);
  const row = () =>
    block
      .getByRole("radio", { name: /, id / })
      .evaluateAll((all) => all.findIndex((radio) => (radio as HTMLInputElement).checked));
  expect(await row()).toBe(5);
  await page.keyboard.press("Space");
  await expect.poll(row).toBe(6);
});

test("a weight that is dragged changes the loss nearly as its gradient says", async () => {
  const page = await open();
  const descent = await panel(page, "Drag one weight");
  await descent.getByLabel("Reach").selectOption({ label: "±0.01" });
  await descent.getByRole("button", { name: "Move downhill" }).click();
  const numbers = async () =>
    (await descent.locator("dd").allInnerTexts()).map((text) => Number(text.replace("−", "-")));
  await expect.poll(async () => (await numbers())[1]).toBeLessThan(0);
  const [predicted, actual] = (await numbers()) as [number, number];
  // Second order: a hundredth of a weight bends the loss by a few percent of the change.
  expect(Math.abs(actual - predicted)).toBeLessThan(0.3 * Math.abs(predicted));
  expect(await descent.innerText()).toContain("On a tiny model with random weights");
  await expect.poll(() => descent.innerText()).toMatch(/goes from [\d.]+ to [\d.]+/);
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await descent.scrollIntoViewIfNeeded(); // the button is at the top
  await expect.poll(() => descent.innerText()).toContain("On the model of this page");
});

test("the calculator has GPT-3's numbers, and refuses heads that do not divide the width", async () => {
  const page = await open();
  await page.goto(`${url}#/scale`);
  const all = () => page.getByRole("main").innerText();
  await expect.poll(all).toContain("356 years");
  expect(await all()).toContain("$4.68 million");
  await expect.poll(all).toContain("measured: products of");
  await page.getByLabel("Heads").fill("7");
  await expect.poll(() => page.getByRole("alert").innerText()).toContain("heads");
  await page.getByRole("radio", { name: "GPT-2 (124M)" }).check();
  await expect.poll(all).toContain("6 × 124.4e6 × 294.9e9 tokens");
});

test.each([
  ["", true],
  ["#/article", true],
  ["#block", true],
  ["#/train", false],
  ["#/train?preset=tiny", false],
])("until the app is there, %o shows the article: %o", async (hash, shown) => {
  context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/assets\/index-.*\.js$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(url + hash, { waitUntil: "commit" });
  await page.locator("article").waitFor({ state: "attached" });
  await page.waitForFunction(() => document.styleSheets.length > 0);
  expect(await page.locator("article").isVisible()).toBe(shown);
  release();
  await page.locator("#screen h1").waitFor();
  expect(await page.locator("article").count()).toBe(shown ? 1 : 0);
});

test("where the app does not load, the article is shown at any address", async () => {
  context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.route(/\/assets\/index-.*\.js$/, (route) => route.abort());
  await page.goto(`${url}#/train`);
  await page.locator("article").waitFor({ state: "visible" });
});

test("the depth takes numbers away, and adds shapes, formulas and the library's calls", async () => {
  const page = await open();
  const output = await panel(page, "From logits to a token");
  const logits = output.getByRole("columnheader", { name: "logit" });
  await logits.waitFor();
  const code = page.getByText("As the library calls it");
  expect(await code.count()).toBe(0);
  await page.getByLabel("Depth").selectOption("story");
  await expect.poll(() => logits.count()).toBe(0);
  await page.getByLabel("Depth").selectOption("everything");
  await expect.poll(() => code.count()).toBe(9);
  await logits.waitFor();
});
