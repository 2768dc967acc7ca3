import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { muladd } from "../../cli/test/support.ts";
import {
  bar,
  button,
  goTo,
  lossOf,
  pause,
  SCREENS,
  stepOf,
  takeTiny,
  train,
  until,
  type Watched,
  watch,
} from "./app.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let page: Page;
let complaints: Watched["complaints"];
beforeAll(async () => {
  site = new Site();
  browser = await launch();
  page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  ({ complaints } = await watch(page, await site.serve(), "train"));
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

// One visit, from test to test, as somebody makes it.
test("training on the text of the page brings the loss below 0.8 ln V", async () => {
  await takeTiny(page);
  await train(page, 0);
  await goTo(page, "look");
  await page.getByRole("radio", { name: "Any tensor" }).check();
  const embedding = page.locator("option", { hasText: /^tokens.weight/ });
  await embedding.waitFor({ state: "attached" });
  const [, vocabulary] = /\((\d+) × 32\)/.exec((await embedding.textContent()) ?? "")!.map(Number);
  await page.getByRole("radio", { name: "Attention" }).check();
  await expect.poll(() => lossOf(page)).toBeLessThan(0.8 * Math.log(vocabulary!));
});

test("paused, it does one step when asked for one", async () => {
  await pause(page);
  const step = await stepOf(page);
  await button(page, "One step").click();
  await until(page, (now) => now === step + 1);
  await button(page, "One step").click();
  await until(page, (now) => now === step + 2);
});

/** Goes to the first moment and to a later one, and back: the step that is told changes, and the maps with it. */
async function clockBringsBack(page: Page): Promise<void> {
  await goTo(page, "look");
  const heading = page.getByRole("heading", { name: /All layers and heads/ });
  const map = page.locator("main canvas[role=application]");
  const now = await stepOf(page);
  await expect.poll(() => heading.innerText()).toContain(`step ${now}`);
  const pixels = () => map.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const trained = await pixels();
  const clock = page.getByRole("slider", { name: "Clock" });
  await clock.press("Home");
  await expect.poll(() => heading.innerText()).toMatch(/step 0$/);
  expect(await clock.getAttribute("aria-valuetext")).toBe("step 0, random weights");
  const random = await pixels();
  expect(random).not.toBe(trained);
  for (let i = 0; i < 4; i++) await clock.press("ArrowRight");
  await expect.poll(() => heading.innerText()).toMatch(/step 10$/);
  await expect.poll(async () => [trained, random].includes(await pixels())).toBe(false);
  await button(page, "Now").click();
  await expect.poll(() => heading.innerText()).toContain(`step ${now}`);
  await expect.poll(pixels).toBe(trained);
}

test("the clock brings back what the model was", () => clockBringsBack(page));

test("a hidden state leaves a trail of as many points as the clock has moments", async () => {
  await page.getByRole("radio", { name: "Embedding" }).check();
  await page.getByRole("radio", { name: "Last hidden states" }).check();
  const marks = await page.locator("#clock-marks option").count();
  const points = page.locator("main svg circle");
  await expect.poll(() => points.count()).toBe(marks - 1); // without "now"
  await page.getByRole("radio", { name: "Attention" }).check();
});

test("backprop walks the tape, its gradients pass the check, and a step lowers the loss", async () => {
  await goTo(page, "backprop");
  await button(page, "To the backward pass").first().click();
  const words = page.getByText(/^\d+ of \d+, backward: /).first();
  const first = await words.innerText();
  await page.getByRole("button", { name: "Step on" }).first().click();
  await expect.poll(() => words.innerText()).not.toBe(first);
  await button(page, "Check 20 random weights").click();
  await page.getByText("20 of 20 pass").waitFor();
  await button(page, "Apply to the model").click();
  const told = page.getByText(/^Applied: the loss of this example went from/);
  const [before, after] = (await told.innerText()).match(/\d+\.\d+/g)!.map(Number);
  expect(after).toBeLessThan(before!);
  await button(page, "Take back").click();
  await page.getByText("the weights are as they were").waitFor();
});

test("after a reload it goes on at the step where it was", async () => {
  const step = await stepOf(page);
  await goTo(page, "runs");
  const row = page.getByRole("listitem").filter({ hasText: "tiny-1" });
  await expect.poll(() => row.innerText()).toContain(`step ${step} of`);
  await page.reload();
  await button(page, "Go on with tiny-1").click();
  await until(page, (now) => now === step);
  await clockBringsBack(page);
  await button(page, "Go on").click();
  await until(page, (now) => now > step + 20);
  await pause(page);
});

test("a text written with a seed is that of the command from the exported run", async () => {
  const step = await stepOf(page);
  await goTo(page, "write");
  await page.getByLabel("Prompt").fill("Once upon a time");
  await page.getByLabel("Seed").fill("7");
  await page.getByLabel("Tokens at most").fill("60");
  await button(page, "Generate").click();
  await page.getByText(`Written with the weights of step ${step}.`).waitFor();
  const tokens = page.getByRole("toolbar", { name: /^Text/ });
  const written = (await tokens.innerText()).replaceAll("·", " ").replaceAll("⏎", "\n");

  await goTo(page, "runs");
  const row = page.getByRole("listitem").filter({ hasText: "tiny-1" });
  await expect.poll(() => row.innerText()).toContain(`step ${step} of`);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    button(page, "Take out tiny-1 as a .zip").click(),
  ]);
  const cwd = mkdtempSync(join(tmpdir(), "muladd-out-"));
  try {
    for (const [path, bytes] of Object.entries(unzipSync(readFileSync(await download.path())))) {
      if (path.endsWith("/")) continue;
      mkdirSync(join(cwd, dirname(path)), { recursive: true });
      writeFileSync(join(cwd, path), bytes);
    }
    const flags = "--seed 7 -n 60 --checkpoint newest --backend wasm";
    const args = ["generate", "tiny-1", "-p", "Once upon a time", ...flags.split(" ")];
    const { out } = await muladd(args, { cwd });
    expect(written).toBe(out.trimEnd());
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});

test("nothing moves by itself where motion is not wanted", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const screen of SCREENS) {
    await goTo(page, screen);
    const shot = () => page.screenshot({ animations: "allow", caret: "hide" });
    // At rest: what was asked for is there, and stays as it is.
    const drawn = async () => {
      const first = await shot();
      await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
      return first.equals(await shot());
    };
    await expect.poll(drawn, { message: screen }).toBe(true);
    expect(await page.evaluate(() => document.getAnimations().length), screen).toBe(0);
  }
});

test("nothing complained, and nobody else was asked for anything", async () => {
  expect(await bar(page).getByRole("alert").count()).toBe(0);
  expect(complaints).toEqual([]);
});
