import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { button, pause, stepOf, takeTiny, train, until, watch } from "./app.ts";
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

/** What the script below counts and holds. */
interface Counted {
  strokes: number;
  readonly locks: { requested: number; held: number };
  /** Whether a request waits; `grant` ends that. */
  slow: boolean;
  grant(): void;
  hide(hidden: boolean): void;
}

/** A page whose drawings and screen locks are counted, and which can be hidden: headless Chromium shows every page. */
async function open(): Promise<Page> {
  context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  await context.addInitScript(() => {
    const counted: Counted = {
      strokes: 0,
      locks: { requested: 0, held: 0 },
      slow: false,
      grant() {},
      hide(hidden) {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      },
    };
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...of) {
      counted.strokes++;
      clearRect.apply(this, of);
    };
    const request = async () => {
      counted.locks.requested++;
      if (counted.slow)
        await new Promise<void>((resolve) => {
          counted.grant = resolve;
        });
      counted.locks.held++;
      const sentinel = {
        released: false,
        async release() {
          if (!sentinel.released) counted.locks.held--;
          sentinel.released = true;
        },
      };
      return sentinel;
    };
    Object.defineProperty(navigator, "wakeLock", { value: { request } });
    Object.assign(globalThis, { counted });
  });
  const page = await context.newPage();
  await watch(page, url, "train");
  await takeTiny(page);
  return page;
}

/** Calls `of` with what was counted. */
const counted = <T>(page: Page, of: (counted: Counted) => T): Promise<T> =>
  page.evaluate(`(${of})(counted)`);
const held = (page: Page) => counted(page, ({ locks }) => locks.held);

test("a hidden page trains on and draws nothing; seen again it draws what it missed", async () => {
  const page = await open();
  await page.locator("figure").first().scrollIntoViewIfNeeded();
  await train(page, 10);
  await expect.poll(() => counted(page, ({ strokes }) => strokes)).toBeGreaterThan(0);
  await counted(page, (c) => c.hide(true));
  const step = await stepOf(page);
  await until(page, (now) => now > step + 20); // a drawing may have been under way
  const before = await counted(page, ({ strokes }) => strokes);
  await until(page, (now) => now > step + 60);
  expect(await counted(page, ({ strokes }) => strokes)).toBe(before);
  await pause(page);
  const chart = page.getByRole("slider", { name: "loss", exact: true });
  const last = await stepOf(page);
  expect(await chart.getAttribute("aria-valuetext")).not.toContain(`step ${last}.`);
  await counted(page, (c) => c.hide(false));
  await expect.poll(() => chart.getAttribute("aria-valuetext")).toContain(`step ${last}.`);
  expect(await counted(page, ({ strokes }) => strokes)).toBeGreaterThan(before);
});

test("the screen stays on while training, if wanted, and no longer", async () => {
  const page = await open();
  await train(page, 3);
  expect(await counted(page, ({ locks }) => locks.requested)).toBe(0);
  await page.locator("header summary").click();
  const wish = page.getByLabel("Keep the screen on while training");
  await wish.check();
  await expect.poll(() => held(page)).toBe(1);
  await wish.uncheck();
  await expect.poll(() => held(page)).toBe(0);
  await wish.check();
  await expect.poll(() => held(page)).toBe(1);
  await pause(page);
  await expect.poll(() => held(page)).toBe(0);
  await button(page, "Go on").click();
  await expect.poll(() => held(page)).toBe(1);
  // Browsers take it from a hidden page; seen again, the page asks anew.
  await counted(page, (c) => c.hide(true));
  await expect.poll(() => held(page)).toBe(0);
  await counted(page, (c) => c.hide(false));
  await expect.poll(() => held(page)).toBe(1);
  await pause(page);
  await page.reload();
  expect(await wish.isChecked()).toBe(true);
});

test("a lock that is granted after the pause is given back", async () => {
  const page = await open();
  await page.locator("header summary").click();
  await page.getByLabel("Keep the screen on while training").check();
  await counted(page, (c) => {
    c.slow = true;
  });
  await train(page, 3);
  await pause(page);
  expect(await counted(page, ({ locks }) => locks)).toEqual({ requested: 1, held: 0 });
  await counted(page, (c) => c.grant());
  await expect.poll(() => counted(page, ({ locks }) => locks)).toEqual({ requested: 1, held: 0 });
});
