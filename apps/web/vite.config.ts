import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defaultClientConditions, defineConfig } from "vite";
import { headers } from "./headers.ts";
import { shipping } from "./shipping.ts";

// A served source needs Vite's inline scripts, so that its policy would be another.
const { "Content-Security-Policy": _, ...isolation } = headers;

export default defineConfig({
  base: "./", // any host, any path
  plugins: [svelte(), shipping()],
  resolve: { conditions: ["@muladd/source", ...defaultClientConditions] },
  server: { headers: isolation },
  preview: { headers },
  build: { target: "es2022", manifest: true },
  worker: { format: "es" }, // the engine imports its backends when they are wanted
});
