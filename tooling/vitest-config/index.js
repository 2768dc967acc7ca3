// Plain JavaScript: Node 20 cannot load TypeScript out of node_modules.

export { provideVulkan } from "../scripts/vulkan.mjs";

const source = "@muladd/source";

/** No test is about time: only one that hangs should fail by it, on a busy machine too. */
export const patience = { testTimeout: 120_000, hookTimeout: 120_000 };

/**
 * The vitest options of a package. Tests read the source of the packages they import, not `dist`;
 * both lists of conditions are needed for that.
 * @param {string} name
 * @param {import("vitest/node").ProjectConfig} test
 */
export const project = (name, test = {}) => ({
  resolve: { conditions: [source, "module", "browser", "development|production"] },
  ssr: { resolve: { conditions: [source, "module", "node", "development|production"] } },
  test: {
    name,
    include: ["test/**/*.test.ts"],
    environment: "node",
    // Files of a process share what they import: loading it anew for each took a third of the time.
    isolate: false,
    ...patience,
    ...test,
  },
});
