import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, takeTiny, train, watch } from "./app.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
beforeAll(async () => {
  site = new Site();
  browser = await launch("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader");
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

test("WebGPU chosen by hand trains, and is remembered", async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const { complaints } = await watch(page, await site.serve(), "train");
  const badge = page.locator("header summary");
  await badge.click();
  await page.getByLabel("Compute with").selectOption("webgpu");
  await expect.poll(() => badge.innerText(), { timeout: 60_000 }).toContain("WebGPU");
  await badge.click();
  await takeTiny(page);
  await train(page, 2);
  await pause(page);
  expect(await badge.innerText()).toContain("WebGPU");
  await page.reload();
  await expect.poll(() => badge.innerText(), { timeout: 60_000 }).toContain("WebGPU");
  expect(complaints).toEqual([]);
});
