import { spawnSync } from "node:child_process";

const VERSION = "24.21.0";

/**
 * A Node 24: MULADD_NODE24 if set, else the registry's package of its binary, which npx keeps.
 * @returns {{ node?: string, missing?: string }}
 */
export function findNode24() {
  const chosen = process.env.MULADD_NODE24;
  if (chosen) return { node: chosen };
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== "linux-x64")
    return { missing: `set MULADD_NODE24 to a Node ${VERSION} for ${platform}` };
  const { stdout } = spawnSync(
    "npx",
    ["--yes", "-p", `node-${platform}@${VERSION}`, "-c", "command -v node && node --version"],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  const [node, version] = (stdout ?? "").trim().split("\n").slice(-2);
  if (version === `v${VERSION}`) return { node };
  return { missing: `npx could not fetch node-${platform}@${VERSION}; set MULADD_NODE24` };
}
