import { project, provideVulkan } from "@muladd/vitest-config";
import { defineProject } from "vitest/config";

const include = ["test/**/*.test.ts"];

export default defineProject(
  project("web", { include, exclude: provideVulkan() ? [] : ["test/lost-gpu.test.ts"] }),
);
