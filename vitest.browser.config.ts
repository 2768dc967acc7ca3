// Apart from vitest.config.ts, so that a plain `vitest run` needs no browser.
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions } from "vite";
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

export default defineConfig({
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
