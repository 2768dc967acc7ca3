import { defineConfig } from "vitest/config";

// Apart from vitest.config.ts, so that a plain `vitest run` needs no browser: `vitest run --config vitest.e2e.config.ts`.
export default defineConfig({
  resolve: { conditions: ["@muladd/source"] },
  ssr: { resolve: { conditions: ["@muladd/source", "node"] } },
  test: {
    include: ["e2e/**/*.test.ts"],
    globalSetup: ["e2e/build.ts"],
    // Two browsers at a time: one waits while the other works.
    maxWorkers: 2,
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});
