import { library } from "@muladd/tsup-config";
import { defineConfig } from "tsup";

export default defineConfig(library());
