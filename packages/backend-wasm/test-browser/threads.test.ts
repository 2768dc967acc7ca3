import { expect, it } from "vitest";
import { features, wasm } from "../src/index.ts";

it("uses one thread on a page's main thread, and says why", async () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  using backend = await wasm({ threads: 4 });
  expect(backend.threads).toBe(1);
  expect(backend.threadsReason).toBe(
    "a page's main thread may not block: make the backend in a Worker",
  );
  expect(features()).toMatchObject({ threads: 1, threadsReason: backend.threadsReason });
});

it("shares kernels among threads in a dedicated worker, with the bits of one", async () => {
  const worker = new Worker(new URL("./threads.worker.ts", import.meta.url), { type: "module" });
  try {
    const answer = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    expect(answer).toEqual({ threads: 3, reason: expect.anything(), same: true, steps: 20 });
  } finally {
    worker.terminate();
  }
});
