import { existsSync } from "node:fs";
import { project } from "@muladd/vitest-config";
import { defineProject } from "vitest/config";

// Set here, in the parent, since a worker's environment is a copy that the driver's loader does not see.
const software = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (!process.env.VK_DRIVER_FILES && !process.env.VK_ICD_FILENAMES && existsSync(software))
  process.env.VK_DRIVER_FILES = software;

// One process and few devices: each new one compiles its shaders anew.
export default defineProject(project("backend-webgpu", { maxWorkers: 1, isolate: false }));
