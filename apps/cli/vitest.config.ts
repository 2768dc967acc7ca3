import { project } from "@muladd/vitest-config";
import { defineProject } from "vitest/config";
import { provideVulkan } from "../../tooling/scripts/vulkan.mjs";

const include = ["test/**/*.test.ts"];

export default defineProject(
  project("cli", { include, exclude: provideVulkan() ? [] : ["test/webgpu*.test.ts"] }),
);
