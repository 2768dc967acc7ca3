import { library } from "@muladd/tsup-config";
import { defineConfig } from "tsup";

export default defineConfig(
  library({ entry: ["src/index.ts", "src/huggingface/index.ts", "src/train/index.ts"] }),
);
