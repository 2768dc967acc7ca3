import { join } from "node:path";
import { chromium } from "playwright-core";
import { createServer, defaultClientConditions } from "vite";
import { here, root } from "./children.mjs";

/** What a page must be served with for its threads to share memory. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * Serves the bench page.
 * @param {boolean} isolated whether with the headers that isolate it
 */
export async function serve(isolated) {
  const server = await createServer({
    root: join(here, "page"),
    configFile: false,
    logLevel: "error",
    cacheDir: join(root, "node_modules/.vite/bench"),
    resolve: { conditions: ["@muladd/source", ...defaultClientConditions] },
    server: {
      host: "127.0.0.1",
      hmr: false,
      fs: { allow: [root] },
      headers: isolated ? ISOLATION : {},
    },
  });
  await server.listen();
  return { url: String(server.resolvedUrls?.local[0]), close: () => server.close() };
}

/**
 * Measures in a browser that is started for it.
 * @param {string} executablePath
 * @param {string} url of the page
 * @param {import("../page/worker.ts").Question} question
 * @returns {Promise<import("../page/worker.ts").Answer>}
 */
export async function measure(executablePath, url, question) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => "measure" in window);
    return await page.evaluate((q) => window.measure(q), question);
  } finally {
    await browser.close();
  }
}
