import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { here, run } from "./children.mjs";

/** @param {string} path */
const json = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Whether every peer is there, in the version that the folder's package.json pins. @param {string} folder */
function complete(folder) {
  const { dependencies } = json(join(folder, "package.json"));
  return Object.entries(dependencies).every(([name, version]) => {
    const path = join(folder, "node_modules", name, "package.json");
    return existsSync(path) && json(path).version === version;
  });
}

/**
 * Installs the peers where they are not yet, in a folder that git ignores, outside of the workspace. No scripts run:
 * onnxruntime-node's would only fetch what a GPU needs.
 * @param {string} name of the folder with their package.json
 * @param {string} size
 * @returns {Promise<string | undefined>} why it failed
 */
export async function installPeers(name = "peers", size = "600 MB") {
  const folder = join(here, name);
  if (complete(folder)) return undefined;
  console.error(`installing the peers, about ${size}, with npm`);
  const flags = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"];
  try {
    const { code, err } = await run("npm", ["install", "--prefix", folder, ...flags], "pipe");
    return code === 0 ? undefined : err.trim().split("\n")[0] || `npm ended with ${code}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
