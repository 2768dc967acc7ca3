import { project, provideVulkan } from "@muladd/vitest-config";
import { defineProject } from "vitest/config";

const include = ["test/**/*.test.ts"];

export default defineProject(
  project("cli", { include, exclude: provideVulkan() ? [] : ["test/webgpu*.test.ts"] }),
);
