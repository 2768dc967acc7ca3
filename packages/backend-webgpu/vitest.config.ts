import { project, provideVulkan } from "@muladd/vitest-config";
import { defineProject } from "vitest/config";

const include = ["test/**/*.test.ts"];
// These need no adapter.
const anywhere = ["test/unavailable.test.ts"];

// One process and few devices: each new one compiles its shaders anew.
export default defineProject(
  project("backend-webgpu", {
    maxWorkers: 1,
    sequence: { groupOrder: 1 },
    include: provideVulkan() ? include : anywhere,
  }),
);
