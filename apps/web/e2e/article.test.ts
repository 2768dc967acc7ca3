import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
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
  const loss = () => descent.getByText("All weights at once").innerText();
  await expect.poll(loss).toMatch(/goes from [\d.]+ to [\d.]+/);
  await page.getByRole("button", { name: "Train", exact: true }).click();
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
