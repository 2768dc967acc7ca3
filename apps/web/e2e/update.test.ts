import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { goTo, takeTiny, train, watch } from "./app.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let context: BrowserContext;
let url: string;
beforeAll(async () => {
  browser = await launch();
});
beforeEach(async () => {
  site = new Site();
  url = await site.serve();
  context = await browser.newContext();
  context.setDefaultTimeout(10_000);
});
afterEach(async () => {
  await context?.close();
  await site?.remove();
});
afterAll(() => browser?.close());

/** Waits until the page's version keeps the app offline. */
async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((done) => {
      navigator.serviceWorker.addEventListener("controllerchange", done, { once: true });
    });
  });
}

/** Waits until the browser found the newer version, and has all of it. */
const found = (page: Page) =>
  page.evaluate(async () => {
    const registration = (await navigator.serviceWorker.getRegistration())!;
    await registration.update();
    while (!registration.waiting) await new Promise((resolve) => setTimeout(resolve, 20));
  });

const versions = (page: Page) =>
  page.evaluate(async () => (await caches.keys()).map((name) => name.split(" ").at(-1)!));
/** The scripts of a build that a page loaded, told apart by their build. */
const isNew = (page: Page) =>
  page.evaluate(() => {
    const names = performance.getEntriesByType("resource").map(({ name }) => name);
    return [
      ...new Set(
        names.filter((n) => /assets\/.*\.js$/.test(n)).map((n) => n.endsWith(".newer.js")),
      ),
    ];
  });

test("a new version is there at the next reload, and the old one's files are gone", async () => {
  const { page, complaints } = await watch(await context.newPage(), url);
  await kept(page);
  const [before] = await versions(page);
  site.update();
  await found(page);
  expect(await versions(page)).toHaveLength(2);
  await page.reload();
  await expect.poll(() => versions(page)).toEqual([`2${before}`]);
  await goTo(page, "train");
  await takeTiny(page);
  await train(page, 3);
  expect(page.url()).toBe(`${url}#/train`);
  expect(await isNew(page)).toEqual([true]);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await site.stop();
  await page.reload();
  await page.getByLabel("Sizes and recipe").waitFor();
  expect(complaints).toEqual([]);
});

test("while two pages are open both stay with the version they began with", async () => {
  const { page, complaints } = await watch(await context.newPage(), url);
  await kept(page);
  const { page: other } = await watch(await context.newPage(), url);
  site.update();
  await found(page);
  await other.reload();
  for (const one of [page, other]) {
    for (const screen of ["train", "look", "scale"]) await goTo(one, screen);
    expect(await isNew(one)).toEqual([false]);
  }
  await other.close();
  await page.reload();
  await expect.poll(() => versions(page)).toHaveLength(1);
  await goTo(page, "runs");
  expect(await isNew(page)).toEqual([true]);
  expect(complaints).toEqual([]);
});
