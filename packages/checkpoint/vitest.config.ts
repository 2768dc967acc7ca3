import { project } from "@muladd/vitest-config";
import { defineProject } from "vitest/config";

export default defineProject(project("checkpoint"));
