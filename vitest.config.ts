import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // All cores: by default one is kept free, of two that is half. What needs them all for itself has a group of its own.
    maxWorkers: "100%",
    projects: ["packages/*", "apps/cli", "apps/web", "tooling/layers", "tooling/bench"],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/generated/**"],
      reporter: ["text", "json-summary"],
    },
  },
});
