import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defaultClientConditions, defineConfig } from "vite";
import { headers } from "./headers.ts";
import { shipping } from "./shipping.ts";
import { staticArticle } from "./static-article.ts";

// A served source needs Vite's inline scripts, so that its policy would be another.
const { "Content-Security-Policy": _, ...isolation } = headers;

/** A chunk's last module by name; by its package where that is an index: "backend-wasm". */
function chunkName(modules: readonly string[]): string {
  const last = modules.at(-1) ?? "chunk";
  const package_ = /packages\/([\w-]+)\/src\/index\.ts$/.exec(last)?.[1];
  return package_ ?? /([\w-]+)\.\w+$/.exec(last)?.[1] ?? "chunk";
}

export default defineConfig({
  base: "./", // any host, any path
  plugins: [svelte(), staticArticle(), shipping()],
  resolve: { conditions: ["@muladd/source", ...defaultClientConditions] },
  server: { headers: isolation },
  preview: { headers },
  build: { target: "es2022", manifest: true },
  worker: {
    format: "es", // the engine imports its backends when they are wanted
    rolldownOptions: {
      output: {
        entryFileNames: "assets/engine/[name]-[hash].js",
        chunkFileNames: ({ moduleIds }) => `assets/engine/${chunkName(moduleIds)}-[hash].js`,
      },
    },
  },
});
