import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { stepOf, train, type Watched, watch } from "./app.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  site = new Site();
  browser = await launch();
});
afterEach(() => context?.close());
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

async function open(url: string, script?: () => void): Promise<Watched> {
  context = await browser.newContext();
  context.setDefaultTimeout(30_000);
  if (script) await context.addInitScript(script);
  return watch(await context.newPage(), url);
}

test("under its policy and a sub-path the app trains with threads, and asks nobody else for anything", async () => {
  const { page, complaints } = await open(await site.serve());
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await train(page, 5);
  expect(await page.locator("summary").first().innerText()).toMatch(/WASM SIMD, \d+ thread/);
  // The policy is in force: an inline script does not run.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.head.append(script);
  });
  expect(await page.evaluate(() => "ran" in globalThis)).toBe(false);
  expect(complaints.filter((c) => !/inline script/i.test(c))).toEqual([]);
});

test("a run goes on after a reload at the step where it was paused", async () => {
  const { page } = await open(await site.serve());
  await train(page, 5);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => page.getByRole("button", { name: "Go on", exact: true }).count()).toBe(1);
  const step = await stepOf(page);
  const row = page.getByRole("listitem").filter({ hasText: "small-1" });
  await expect.poll(() => row.innerText(), { timeout: 20_000 }).toContain(`step ${step} of`);
  await page.reload();
  await page.getByRole("button", { name: "Go on with small-1" }).click();
  await expect.poll(() => stepOf(page)).toBe(step);
  await page.getByRole("button", { name: "Go on", exact: true }).click();
  await expect.poll(() => stepOf(page), { timeout: 30_000 }).toBeGreaterThan(step);
});

test("of two tabs one has the run, and the other says so", async () => {
  const url = await site.serve();
  const { page } = await open(url);
  await train(page, 5);
  const { page: other } = await watch(await context.newPage(), url);
  const row = other.getByRole("listitem").filter({ hasText: "small-1" });
  await expect.poll(() => row.innerText()).toContain("Open in another tab");
  expect(await other.getByRole("button", { name: "Go on with small-1" }).count()).toBe(0);
});

test("once loaded it works without a network", async () => {
  const url = await site.serve();
  const { page } = await open(url);
  await expect
    .poll(() =>
      page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state),
    )
    .toBe("activated");
  await page.waitForLoadState("networkidle");
  await site.stop();
  await page.reload();
  await train(page, 3);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

test("without isolation, workers, WebGPU, OPFS or a database it still trains", async () => {
  const { page, complaints } = await open(await site.serve({ headers: false }), () => {
    const gone = () => {
      throw new DOMException("forbidden", "SecurityError");
    };
    Object.defineProperty(globalThis, "Worker", { get: gone });
    Object.defineProperty(navigator, "gpu", { value: undefined });
    StorageManager.prototype.getDirectory = gone;
    IDBFactory.prototype.open = gone;
  });
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await train(page, 3);
  await expect
    .poll(() => page.getByRole("region", { name: "Runs" }).innerText())
    .toContain("runs are gone when it is closed");
  expect(complaints).toEqual([]);
});

test("without OPFS runs are kept in the database, past a reload", async () => {
  context = await browser.newContext();
  const page = await context.newPage();
  // A worker has its own globals: what it is given to read is changed.
  await context.route("**/assets/engine/worker-*.js", async (route) => {
    const response = await route.fetch();
    const without =
      "StorageManager.prototype.getDirectory=()=>Promise.reject(new DOMException('no','SecurityError'));";
    await route.fulfill({ response, body: without + (await response.text()) });
  });
  await watch(page, await site.serve());
  await train(page, 5);
  await page.getByRole("button", { name: "Pause" }).click();
  const row = page.getByRole("listitem").filter({ hasText: "small-1" });
  await expect.poll(() => row.innerText(), { timeout: 20_000 }).toMatch(/step [1-9]/);
  const step = await stepOf(page);
  await page.reload();
  await expect
    .poll(() => page.getByRole("region", { name: "Runs" }).innerText())
    .toContain("browser's database");
  await page.getByRole("button", { name: "Go on with small-1" }).click();
  await expect.poll(() => stepOf(page)).toBe(step);
});
