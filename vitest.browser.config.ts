// Apart from vitest.config.ts, so that a plain `vitest run` needs no browser.
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, type Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { findChromium, missingChromium } from "./tooling/scripts/chromium.mjs";

const executablePath = findChromium();
if (executablePath === undefined) throw new Error(missingChromium);

const args = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** The content security policy of a page belongs to its response, so these workers get theirs here. */
const policies: Readonly<Record<string, string>> = {
  "no-workers.worker.ts": "worker-src 'self'",
  "no-wasm.worker.ts": "script-src 'self'",
};
const withPolicies: Plugin = {
  name: "policies",
  configureServer({ middlewares }) {
    middlewares.use(({ url = "" }, response, next) => {
      for (const [file, policy] of Object.entries(policies))
        if (url.includes(file)) response.setHeader("Content-Security-Policy", policy);
      next();
    });
  },
};

export default defineConfig({
  plugins: [withPolicies],
  resolve: { conditions: ["@muladd/source", ...defaultClientConditions] },
  // Shared memory exists in cross-origin isolated pages only.
  server: {
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
  },
  test: {
    testTimeout: 120_000,
    include: ["packages/*/test-browser/**/*.test.ts"],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      instances: [{ browser: "chromium" }],
      provider: playwright({ launchOptions: { executablePath, args } }),
    },
  },
});
