import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stepOf, until, watch } from "./app.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  site = new Site();
  browser = await launch();
  page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await watch(page, await site.serve(), "article");
  await page.getByRole("button", { name: "Train", exact: true, disabled: false }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

/** What has the focus: its name as the reader hears it, and whether its outline shows. */
const focused = () =>
  page.evaluate(() => {
    const at = document.activeElement as HTMLElement;
    if (at === document.body) return { name: "the page itself", seen: true };
    // Only what can be labelled has labels.
    const [label] = (at as HTMLInputElement).labels ?? [];
    const name = (at.getAttribute("aria-label") ?? label?.innerText ?? at.innerText).trim();
    return { name, seen: getComputedStyle(at).outlineStyle !== "none" };
  });

/** Presses Tab until what is named has the focus. Everything on the way shows that it has it. */
async function tabTo(name: RegExp, key = "Tab"): Promise<void> {
  const passed: string[] = [];
  while (passed.length < 80) {
    await page.keyboard.press(key);
    const at = await focused();
    passed.push(at.name);
    expect(at.seen, `the focus shows on ${at.name}`).toBe(true);
    expect(at.name, `what comes after ${passed.at(-2)} has a name`).not.toBe("");
    if (name.test(at.name)) return;
  }
  throw new Error(`Tab does not reach ${name}; it passed ${passed.join(", ")}`);
}

test("with the keyboard alone one trains, looks inside and writes", async () => {
  await tabTo(/^Train$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Train", level: 1 }).waitFor();
  await tabTo(/^Sizes and recipe/);
  await page.keyboard.press("Home"); // the first of the list: tiny
  expect(await page.getByLabel("Sizes and recipe").inputValue()).toBe("tiny");
  await tabTo(/^Train$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await until(page, (step) => step > 20);
  await page.keyboard.press("Enter"); // the same button pauses
  await page.getByRole("button", { name: "Go on", exact: true }).waitFor();

  await tabTo(/^Look inside$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(/^Clock/);
  await page.keyboard.press("Home");
  await page.getByRole("heading", { name: /step 0$/ }).waitFor();
  await tabTo(/^Now$/);
  await page.keyboard.press("Enter");
  await tabTo(/^Attention of/);
  const says = page.locator("figure [aria-live]");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => says.innerText()).toMatch(/\(1\) looks at .*\(1\): [\d.]+ %/);
  await page.keyboard.press("Escape");

  await tabTo(/^Write$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(/^Prompt/);
  await page.keyboard.press("Control+A");
  await page.keyboard.type("The cat");
  await tabTo(/^Generate$/);
  await page.keyboard.press("Space");
  await page.getByText(/^Written with the weights of step/).waitFor();
  await tabTo(/^Temperature/);
  await tabTo(/, probability [\d.]+$/);
  await page.keyboard.press("ArrowRight");
  await page.getByRole("heading", { name: /^Token 2/ }).waitFor();
  expect(await stepOf(page)).toBeGreaterThan(20);
});
