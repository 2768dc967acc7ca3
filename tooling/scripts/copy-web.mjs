// Puts the built web app into the package of the command, which serves it: run by npm and pnpm before packing.
import { cpSync, existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [from, to] = ["../../apps/web/dist", "../../apps/cli/web"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
if (!existsSync(`${from}/index.html`)) {
  console.error("the web app is not built; run: pnpm --filter web build");
  process.exit(1);
}
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith(".vite") });
