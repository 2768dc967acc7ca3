// A Vulkan driver for tests of WebGPU in Node: the one chosen, or the software adapter that Chromium brings.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findChromium } from "./chromium.mjs";

const DRIVER = "vk_swiftshader_icd.json";
const folders = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];
const libraries = [
  "/usr/lib",
  "/usr/lib64",
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
];

export const missingAdapter =
  "no WebGPU adapter for Node found: install Chromium, whose software adapter is used (Debian: apt-get install chromium), or set VK_DRIVER_FILES to the ICD file of a Vulkan driver";

/**
 * Settings of the environment with which Node finds an adapter. Elsewhere than on Linux drivers are part of the system, so
 * that there is nothing to set. undefined: there is none.
 * @returns {Record<string, string> | undefined}
 */
export function findVulkan() {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  if (process.platform !== "linux") return {};
  if (VK_DRIVER_FILES || VK_ICD_FILENAMES) return {};
  const chromium = findChromium();
  const folder = [...(chromium ? [dirname(chromium)] : []), ...folders].find((path) =>
    existsSync(join(path, DRIVER)),
  );
  if (!folder) return undefined;
  const found = { VK_DRIVER_FILES: join(folder, DRIVER) };
  // Chromium brings the loader, too. It is looked up by a process that starts, so that only children of this one find it.
  if (libraries.some((path) => existsSync(join(path, "libvulkan.so.1")))) return found;
  const path = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return { ...found, LD_LIBRARY_PATH: path };
}

/** glibc keeps what is freed: a software adapter compiles each kernel in much memory, and asking the system for it anew takes a third of the tests' time. */
const MALLOC = {
  MALLOC_TRIM_THRESHOLD_: "2000000000",
  MALLOC_MMAP_THRESHOLD_: "1000000000",
  MALLOC_TOP_PAD_: String(2 ** 26),
};

/**
 * Sets the environment of the tests' processes, which start after: a worker's own is a copy that the driver's loader does not
 * see. Says whether there is an adapter; without one it prints why, or throws where MULADD_REQUIRE_WEBGPU asks for it.
 */
export function provideVulkan() {
  const found = findVulkan();
  if (found) {
    Object.assign(process.env, MALLOC, found);
    return true;
  }
  if (process.env.MULADD_REQUIRE_WEBGPU) throw new Error(missingAdapter);
  console.log(`Tests of WebGPU in Node are not run: ${missingAdapter}.`);
  return false;
}
