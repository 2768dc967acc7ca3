import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bar, button, goTo, pause, stepOf, takeTiny, train, until, watch } from "./app.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let url: string;
beforeAll(async () => {
  site = new Site();
  browser = await launch();
  url = await site.serve();
  context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  await watch(page, url, "train");
  await takeTiny(page);
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

/** As if the device were full, beyond `quotaSize` bytes; with none as it was. */
async function fill(quotaSize?: number): Promise<void> {
  const session = await context.newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", {
    origin: new URL(url).origin,
    ...(quotaSize === undefined ? {} : { quotaSize }),
  });
}

const row = (name: string) => page.getByRole("listitem").filter({ hasText: name });

test("when storage is full training goes on, the page says so, and the run can be taken out", async () => {
  await train(page, 5);
  await pause(page);
  const kept = await stepOf(page);
  await goTo(page, "runs");
  await expect.poll(() => row("tiny-1").innerText()).toContain(`step ${kept} of`);
  await fill(1);
  await button(page, "Go on").click();
  await until(page, (now) => now > kept + 20);
  await pause(page);
  const step = await stepOf(page);
  await expect
    .poll(() => bar(page).getByRole("alert").innerText())
    .toMatch(/in memory alone for now, and goes on.*Take it out, or delete runs/);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    button(page, "Take out tiny-1 as a .zip").click(),
  ]);
  const files = Object.keys(unzipSync(readFileSync(await download.path())));
  expect(files).toContain(`tiny-1/checkpoints/step-${step}.safetensors`);
  // A copy would not be kept: it is refused, and leaves nothing behind.
  await button(page, "Copy tiny-1").click();
  await page.getByRole("region", { name: "Runs" }).getByRole("alert").waitFor();
  await expect.poll(() => page.getByRole("listitem").count()).toBe(1);
});

test("runs of before are there in a page that opens while it is full, and can be deleted", async () => {
  await page.reload();
  await expect
    .poll(() => page.getByRole("region", { name: "Runs" }).innerText())
    .toContain("Runs are kept in this browser, on this device");
  await row("tiny-1").waitFor();
  await button(page, "Go on with tiny-1").click();
  await button(page, "One step").click();
  await bar(page).getByRole("alert").waitFor();
  await fill();
  await button(page, "One step").click();
  await expect.poll(() => bar(page).getByRole("alert").count()).toBe(0);
  await button(page, "Delete tiny-1").click();
  await button(page, "Delete tiny-1 for good").click();
  await expect.poll(() => page.getByRole("listitem").count()).toBe(0);
});
