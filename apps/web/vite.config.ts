import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defaultClientConditions, defineConfig } from "vite";
import { staticArticle } from "./static-article.ts";

// Shared memory, and with it threads, exists in cross-origin isolated pages only.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  base: "./", // any host, any path
  plugins: [svelte(), staticArticle()],
  resolve: { conditions: ["@muladd/source", ...defaultClientConditions] },
  server: { headers },
  preview: { headers },
  build: { target: "es2022" },
  worker: { format: "es" }, // the engine imports its backends when they are wanted
});
