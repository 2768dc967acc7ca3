import { existsSync, readdirSync } from "node:fs";
import type { Facts } from "@muladd/backend-webgpu";

/** An adapter in a few words: "SwiftShader (software)", "NVIDIA GeForce RTX 4090". */
export function describeAdapter({ description, vendor, architecture, software }: Facts): string {
  const said = description.replace(/[:(].*$/, "").replace(/ (driver|device)\b.*$/i, "");
  const name = said.trim() || `${vendor} ${architecture}`.trim() || "an adapter without a name";
  return software ? `${name} (software)` : name;
}

/**
 * Whether a GPU may be there. On Linux its driver's files tell; asking Vulkan costs 0.4 s, and where there is no driver it
 * prints warnings that nobody asked for.
 */
export function hasGraphicsDevice(): boolean {
  if (process.platform !== "linux") return true;
  if (existsSync("/dev/nvidia0") || existsSync("/dev/dxg")) return true;
  return existsSync("/dev/dri") && readdirSync("/dev/dri").some((f) => f.startsWith("renderD"));
}

const DRIVER = "vk_swiftshader_icd.json";
const CHROMIUMS = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];
const LIBRARIES = [
  "/usr/lib",
  "/usr/lib64",
  "/lib64",
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
];

/**
 * Settings of the environment with which Node finds the software adapter of a Chromium here, to be put before a command.
 * undefined: there is none, or a driver is chosen already.
 */
export function softwareDriver(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES) return undefined;
  const folder = CHROMIUMS.find((path) => existsSync(`${path}/${DRIVER}`));
  if (!folder) return undefined;
  const loader = LIBRARIES.some((path) => existsSync(`${path}/libvulkan.so.1`));
  return `${loader ? "" : `LD_LIBRARY_PATH=${folder} `}VK_DRIVER_FILES=${folder}/${DRIVER}`;
}
