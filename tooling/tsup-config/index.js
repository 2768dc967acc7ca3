// Plain JavaScript: Node 20 cannot load TypeScript out of node_modules.

/**
 * The tsup options of a package; `tsc` writes the declarations afterwards.
 * @param {import("tsup").Options} options
 * @returns {import("tsup").Options}
 */
export const library = (options = {}) => ({
  entry: ["src/index.ts"],
  format: ["esm"],
  platform: "neutral",
  target: "es2022",
  sourcemap: true,
  clean: true,
  dts: false,
  silent: true,
  // Without this tsup strips the prefix and a consumer's bundler looks for a package named "fs".
  removeNodeProtocol: false,
  ...options,
});
