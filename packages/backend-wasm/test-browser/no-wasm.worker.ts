import { wasm } from "../src/index.ts";

// Served with a policy that lets it compile no WebAssembly: see vitest.browser.config.ts.
postMessage(await wasm().catch(({ name, message }: Error) => ({ name, message })));
