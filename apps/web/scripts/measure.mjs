// How the built app behaves in a browser on this machine, beside what it should: `pnpm --filter web measure`.
// All figures are told, and it fails when one misses its bar; no test runs it, since a machine that does something else at the
// time gives others. Run after `vite build`.
import { openSite, stepOf, untilStep } from "./page.mjs";

const STEPS = 2000;
const { url, browser, close } = await openSite("--js-flags=--expose-gc");

/** @param {string} title @param {number} value @param {string} unit @param {string} bar @param {boolean} holds */
function tell(title, value, unit, bar, holds) {
  if (!holds) process.exitCode = 1;
  const figure = `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
  console.log(
    `${title.padEnd(46)} ${figure.padStart(12)}   ${bar.padEnd(12)} ${holds ? "" : "MISSED"}`,
  );
}

/** @param {string} preset @param {string} more of the link's query */
async function openTrain(preset, more = "") {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${url}#/train?preset=${preset}${more}`);
  // The engine is there, and nothing is timed any more before the start.
  await page.locator('section[aria-label="Before the start"] dl').waitFor();
  return page;
}

/** Frames a second while `during` goes on. @param {import("playwright-core").Page} page @param {number} ms */
const framesIn = (page, ms) =>
  page.evaluate(
    (ms) =>
      new Promise((done) => {
        const start = performance.now();
        let frames = 0;
        const frame = () => {
          frames++;
          const passed = performance.now() - start;
          if (passed < ms) requestAnimationFrame(frame);
          else done((1000 * frames) / passed);
        };
        requestAnimationFrame(frame);
      }),
    ms,
  );

/** Bytes that the page's own JavaScript holds after a collection. @param {import("playwright-core").CDPSession} session */
async function heapOf(session) {
  await session.send("HeapProfiler.collectGarbage");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize;
}

/** From the click to the first step that the page tells, and no engine beforehand. @param {string} preset */
async function firstStep(preset) {
  const page = await openTrain(preset);
  const ms = await page.evaluate(
    () =>
      new Promise((done) => {
        const bar = /** @type {HTMLElement} */ (document.querySelector('[aria-label="Model"]'));
        const start = performance.now();
        const watch = new MutationObserver(() => {
          if (/step [1-9]/.test(bar.textContent ?? "")) {
            watch.disconnect();
            done(performance.now() - start);
          }
        });
        watch.observe(bar, { subtree: true, childList: true, characterData: true });
        /** @type {HTMLElement} */ (bar.querySelector("button.primary")).click();
      }),
  );
  await page.close();
  tell(`first step after the click, ${preset}`, ms / 1000, "s", "< 1.5 s", ms < 1500);
}

try {
  console.log(`Chromium ${browser.version()}\n`);
  for (const preset of ["tiny", "small", "medium"]) await firstStep(preset);

  const page = await openTrain("tiny", `&steps=${4 * STEPS}&sample-every=0`);
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.enable");
  await page.evaluate(() => {
    const tasks = /** @type {number[]} */ ([]);
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: "longtask" });
    Object.assign(globalThis, { tasks });
  });
  await page.locator("figure").first().scrollIntoViewIfNeeded();
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await untilStep(page, 200);
  const before = await heapOf(session);
  await page.waitForTimeout(500); // the collection is a long task of ours
  await page.evaluate(() => {
    /** @type {{ tasks: number[] }} */ (/** @type {unknown} */ (globalThis)).tasks.length = 0;
  });
  const from = await stepOf(page);
  await untilStep(page, from + STEPS);
  const tasks = await page.evaluate(
    () => /** @type {{ tasks: number[] }} */ (/** @type {unknown} */ (globalThis)).tasks,
  );
  const steps = (await stepOf(page)) - from;
  const growth = ((await heapOf(session)) - before) / 1e6;
  const longest = Math.max(0, ...tasks);
  tell(
    `main-thread tasks above 50 ms in ${steps} steps`,
    tasks.length,
    "tasks",
    "0",
    tasks.length === 0,
  );
  if (tasks.length > 0) tell("the longest of them", longest, "ms", "< 50 ms", false);
  tell(`heap of the page, growth over ${steps} steps`, growth, "MB", "< 5 MB", growth < 5);

  const free = await framesIn(page, 3000);
  tell("frames while training", free, "frames/s", "> 30", free > 30);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const slow = await framesIn(page, 3000);
  tell("frames while training, the CPU throttled 4×", slow, "frames/s", "> 30", slow > 30);
} finally {
  await close();
}
