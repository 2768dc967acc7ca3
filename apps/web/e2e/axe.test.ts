import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { button, goTo, pause, SCREENS, takeTiny, train, watch } from "./app.ts";
import { launch, Site } from "./site.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const gpt2 = fileURLToPath(
  new URL("../../../packages/conformance/fixtures/families/gpt2", import.meta.url),
);
/** What the page has once axe-core is in it. */
interface Injected {
  readonly axe: { run(options: RunOptions): Promise<AxeResults> };
}

let site: Site;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  site = new Site();
  browser = await launch();
  // A colour on its way from one theme to the other is neither's.
  page = await browser.newPage({ reducedMotion: "reduce" });
  page.setDefaultTimeout(30_000);
  await watch(page, await site.serve(), "train");
  await takeTiny(page);
  await train(page, 50);
  await pause(page);
  await page.evaluate(axe); // a debugger's evaluation: no policy of the page forbids it
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

/** What axe-core finds, each with the elements it finds it in. */
async function violations(): Promise<string[]> {
  const results = await page.evaluate(() =>
    // The page's global object: its types are not this file's.
    (globalThis as unknown as Injected).axe.run({ resultTypes: ["violations"], preload: false }),
  );
  return results.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((n) => n.html).join(" | ")}`,
  );
}

/** What waits folded, tables among it. */
async function openAll(): Promise<void> {
  await page.evaluate(() => {
    for (const one of document.querySelectorAll<HTMLDetailsElement>("main details"))
      one.open = true;
  });
}

/** In both themes, wide and narrow. */
async function expectAccessible(): Promise<void> {
  for (const width of [1280, 375])
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      expect.soft(await violations(), `${width} px, ${colorScheme}`).toEqual([]);
      expect
        .soft(await page.evaluate(() => document.documentElement.scrollWidth), "no sideways scroll")
        .toBeLessThanOrEqual(width);
    }
}

async function showPanels(): Promise<void> {
  for (const panel of await page.locator("section.panel").all()) {
    await panel.scrollIntoViewIfNeeded();
    await panel.locator(":is(p, label, figure, button)").first().waitFor();
  }
}

/** Shows what a screen shows only when asked. */
const open: Partial<Record<(typeof SCREENS)[number], () => Promise<void>>> = {
  // Panels load, and charts are drawn, when they are seen.
  article: showPanels,
  train: async () => {
    await page.locator("figure").first().scrollIntoViewIfNeeded();
    await page.locator("figure canvas").first().waitFor();
  },
  look: () => page.getByRole("application", { name: /^Attention of/ }).waitFor(),
  backprop: async () => {
    await button(page, "Check 20 random weights").click();
    await page.getByText(/20 of 20 pass/).waitFor();
  },
  "self-test": async () => {
    await button(page, "Run the tests").click();
    await page.getByText(/ passed, 0 failed/).waitFor({ timeout: 85_000 }); // every case of the suite
  },
  write: async () => {
    await page.getByLabel("Tokens at most").fill("20");
    await button(page, "Generate").click();
    await button(page, "Write on").waitFor();
    await page.getByText(/^Written with/).waitFor();
  },
};

for (const screen of SCREENS)
  test(`axe finds nothing on ${screen}`, async () => {
    await goTo(page, screen);
    await open[screen]?.();
    await openAll();
    await expectAccessible();
  });

for (const panel of ["Embedding map", "Logit lens", "Any tensor"])
  test(`axe finds nothing on look: ${panel}`, async () => {
    await goTo(page, "look");
    await page.getByRole("radio", { name: panel }).check();
    await page.locator("main :is(figure, table)").first().waitFor();
    await openAll();
    await expectAccessible();
  });

test("axe finds nothing on a model from elsewhere", async () => {
  await goTo(page, "runs");
  const models = page.getByRole("region", { name: "Models from elsewhere" });
  await models.getByLabel("Open a folder").setInputFiles(gpt2);
  await openAll();
  await models.getByRole("button", { name: "wte.weight" }).click();
  await models.getByRole("application").waitFor();
  await button(page, "Load it").click();
  await button(page, "Next token").click();
  await models.getByRole("region", { name: "Next tokens" }).waitFor();
  await openAll();
  await expectAccessible();
  await button(page, "Close it").click();
});

test("axe finds nothing on the choice of a backend", async () => {
  const badge = page.locator("header summary");
  await badge.click();
  await page.getByLabel("Compute with").waitFor();
  await expectAccessible();
  await badge.click();
});

test("axe finds nothing on screens without a model", async () => {
  await page.reload();
  await page.evaluate(axe);
  for (const screen of ["article", "look", "backprop", "write"]) {
    await goTo(page, screen);
    if (screen === "article") await showPanels();
    await expectAccessible();
  }
});
