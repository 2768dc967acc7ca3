import { expect, it } from "vitest";

const answer = (worker: Worker): Promise<unknown> =>
  new Promise<unknown>((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
  }).finally(() => worker.terminate());

it("under a policy that blocks its workers a backend runs on one thread, and names the remedy", async () => {
  const worker = new Worker(new URL("./no-workers.worker.ts", import.meta.url), { type: "module" });
  expect(await answer(worker)).toEqual({
    promised: true,
    threads: 1,
    reason: expect.stringMatching(
      /^a worker could not start \(.*\); under a Content-Security-Policy, add worker-src blob:$/,
    ),
    same: true,
  });
});

it("under a policy that blocks WebAssembly it is unavailable, and names the remedy", async () => {
  const worker = new Worker(new URL("./no-wasm.worker.ts", import.meta.url), { type: "module" });
  expect(await answer(worker)).toEqual({
    name: "BackendUnavailable",
    message: expect.stringMatching(
      /^wasm: the engine refused the module \(.*\); under a Content-Security-Policy, add script-src 'wasm-unsafe-eval'$/,
    ),
  });
});
