// The built app (dist/) served on this machine, and a Chromium to look at it with.
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { preview } from "vite";
import { findChromium, missingChromium } from "../../../tooling/scripts/chromium.mjs";

/**
 * Returns the app's address and a browser; `close` ends both.
 * @param {...string} flags for Chromium
 */
export async function openSite(...flags) {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(missingChromium);
  const root = fileURLToPath(new URL("..", import.meta.url));
  const server = await preview({ root, preview: { port: 0, host: "127.0.0.1" } });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error("the preview server has no address");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...flags] });
  return {
    url,
    browser,
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/**
 * The step that the page tells; −1 before there is a model.
 * @param {import("playwright-core").Page} page
 */
export async function stepOf(page) {
  // No locator: finding an element by its role costs the page time that is measured here.
  const text = await page.evaluate(
    () => document.querySelector('[aria-label="Model"]')?.textContent ?? "",
  );
  return Number(/step ([\d,]+)/.exec(text)?.[1]?.replaceAll(",", "") ?? -1);
}

/**
 * Waits until the page tells a step that `reached` takes.
 * @param {import("playwright-core").Page} page
 * @param {number} step
 */
export async function untilStep(page, step) {
  while ((await stepOf(page)) < step) await page.waitForTimeout(100);
}
