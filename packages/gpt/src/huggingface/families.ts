import type { Family } from "./family.ts";
import { gptNeo } from "./gpt-neo.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";

/** Every family there is. A new one is a file like these, and a line here: see docs/adding-a-model.md. */
export const families: readonly Family[] = [gpt2, gptNeo, llama, qwen2, qwen3];
