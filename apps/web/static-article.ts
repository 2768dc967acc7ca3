import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defaultServerConditions, type Plugin, runnerImport } from "vite";

const entry = fileURLToPath(new URL("./src/screens/article/text.ts", import.meta.url));

/** Writes the article into the page, so that it reads before scripts run, and without them. */
export function staticArticle(): Plugin {
  return {
    name: "static-article",
    async transformIndexHtml(html) {
      const article = await articleHtml();
      return html.replace('<div id="app">', (tag) => `${tag}<main>${article}</main>`);
    },
  };
}

/** The article as HTML. Its components run here, with our packages from their source, which Node 20 cannot read as it is. */
export async function articleHtml(): Promise<string> {
  const { module } = await runnerImport<typeof import("./src/screens/article/text.ts")>(entry, {
    configFile: false,
    plugins: [svelte()],
    oxc: { target: "es2022" },
    environments: {
      inline: {
        resolve: {
          conditions: ["@muladd/source", ...defaultServerConditions],
          noExternal: [/^@muladd\//],
        },
      },
    },
  });
  return module.html;
}
