import { webgpu } from "../src/index.ts";

// As in a browser that has none.
Object.defineProperty(navigator, "gpu", { value: undefined });
postMessage(await webgpu().then(String, String));
