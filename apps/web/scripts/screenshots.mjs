// Pictures of every screen of the built app, for the documents: `pnpm --filter web screenshots [folder]`.
// A model is trained first; what is shown is what it does. Run after `vite build`.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openSite, untilStep } from "./page.mjs";

const MOST = 60_000; // bytes a picture
const STEPS = 1000;
const folder = process.argv[2] ?? fileURLToPath(new URL("../../../docs/web", import.meta.url));

/** @typedef {import("playwright-core").Page} Page */
/** @type {Record<string, (page: Page) => Promise<void>>} what each screen shows, once asked for */
const screens = {
  article: async () => {},
  train: async (page) => {
    await page.locator("figure canvas").first().waitFor();
    await page.locator('section[aria-label="Before the start"] dl').waitFor();
  },
  look: async (page) => {
    await page.getByLabel("Text under the lens").fill("The little dog ran to the");
    await page.getByRole("application", { name: /^Attention of/ }).focus();
    for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowDown");
  },
  backprop: async (page) => {
    await page.getByRole("button", { name: "To the backward pass" }).first().click();
    await page.locator(".heat canvas").first().waitFor();
  },
  write: async (page) => {
    await page.getByRole("button", { name: "Generate" }).click();
    await page.getByText(/^Written with/).waitFor();
  },
  scale: (page) => page.getByText("measuring …").waitFor({ state: "hidden" }),
  runs: async () => {},
  "self-test": async (page) => {
    await page.getByRole("button", { name: "Run the tests" }).click();
    await page.getByText(/ passed, \d+ failed/).waitFor({ timeout: 120_000 });
  },
};

/**
 * The page as WebP, in the best quality that fits: Chromium's own encoder makes it.
 * @param {Page} page
 */
async function picture(page) {
  const session = await page.context().newCDPSession(page);
  try {
    for (const quality of [80, 65, 50, 35]) {
      const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality });
      const bytes = Buffer.from(data, "base64");
      if (bytes.length < MOST) return bytes;
    }
  } finally {
    await session.detach();
  }
  throw new Error(`a picture of less than ${MOST} bytes cannot be made of ${page.url()}`);
}

mkdirSync(folder, { recursive: true });
const { url, browser, close } = await openSite();
try {
  const page = await browser.newPage({ reducedMotion: "reduce" });
  page.setDefaultTimeout(30_000);
  await page.goto(`${url}#/train`);
  await page.getByLabel("Sizes and recipe").selectOption("tiny");
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await untilStep(page, STEPS);
  for (const [name, show] of Object.entries(screens)) {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `#/${name}`);
    await page.locator("main h1").first().waitFor();
    for (const [size, width, height] of /** @type {const} */ ([
      ["wide", 1280, 800],
      ["narrow", 375, 760],
    ])) {
      await page.setViewportSize({ width, height });
      if (size === "wide") await show(page);
      for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(() => {
          /** @type {HTMLElement} */ (document.activeElement)?.blur();
          scrollTo(0, 0);
        });
        await page.waitForTimeout(300); // charts take turns to draw
        // Of the dark ones two tell enough.
        if (colorScheme === "dark" && name !== "train" && name !== "look") continue;
        const file = `${name}-${size}${colorScheme === "dark" ? "-dark" : ""}.webp`;
        const bytes = await picture(page);
        writeFileSync(`${folder}/${file}`, bytes);
        console.log(`${file.padEnd(26)} ${(bytes.length / 1000).toFixed(1).padStart(5)} kB`);
      }
    }
  }
} finally {
  await close();
}
