import { features, wasm } from "../src/index.ts";
import { tinyTraining } from "../test/tiny-training.ts";

// Served with a policy that lets it start no worker from a blob: see vitest.browser.config.ts.
using backend = await wasm({ threads: 3 });
const promised = features().threads > 1;
await backend.startThreads();
const [ours, right] = [
  await tinyTraining(backend, 2),
  await tinyTraining(await wasm({ threads: 1 }), 2),
];
const same = ours.every((bits, i) => bits === right[i]);
postMessage({ promised, threads: backend.threads, reason: backend.threadsReason, same });
