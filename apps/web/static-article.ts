import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { type Plugin, runnerImport } from "vite";

const entry = fileURLToPath(new URL("./src/screens/article/text.ts", import.meta.url));

/** Writes the article into the page, so that it reads before scripts run, and without them. */
export function staticArticle(): Plugin {
  return {
    name: "static-article",
    async transformIndexHtml(html) {
      const { module } = await runnerImport<typeof import("./src/screens/article/text.ts")>(entry, {
        configFile: false,
        plugins: [svelte()],
      });
      return html.replace('<div id="app">', (tag) => `${tag}<main>${module.articleHtml()}</main>`);
    },
  };
}
