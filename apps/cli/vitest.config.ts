import { project } from "@muladd/vitest-config";
import { defineProject } from "vitest/config";

export default defineProject(project("cli", { testTimeout: 60_000, hookTimeout: 60_000 }));
