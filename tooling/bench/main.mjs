// `pnpm bench`: muladd's own benchmarks, or muladd beside others.
import { CLI, runCLI } from "./src/children.mjs";
import { parse, usage } from "./src/options.mjs";

/** @type {Readonly<Record<string, () => Promise<{ compare(options: import("./src/options.mjs").Options): Promise<void> }>>>} */
const comparisons = {
  torch: () => import("./src/torch.mjs"),
  peers: () => import("./src/peers.mjs"),
  browser: () => import("./src/browser.mjs"),
  load: () => import("./src/load.mjs"),
  tokenizer: () => import("./src/tokenizer.mjs"),
};

const [name = "", ...rest] = process.argv.slice(2);
if (!Object.hasOwn(comparisons, name))
  process.exitCode = await runCLI([CLI, "bench", name, ...rest]);
else
  try {
    const options = parse(name, rest);
    if (options === "help") console.log(usage(name));
    else await (await comparisons[name]?.())?.compare(options);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    process.exitCode = error instanceof TypeError || error instanceof RangeError ? 2 : 1;
  }
