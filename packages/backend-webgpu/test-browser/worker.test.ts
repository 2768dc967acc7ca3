import { expect, it } from "vitest";
import { webgpu } from "../src/index.ts";

/** What a worker of that file answers. */
async function answerOf(worker: Worker): Promise<unknown> {
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
  } finally {
    worker.terminate();
  }
}

it("computes in a worker what it computes on the page, to the last bit", async () => {
  const worker = new Worker(new URL("./sum.worker.ts", import.meta.url), { type: "module" });
  const { sumOfRows } = await import("./sum.ts");
  using backend = await webgpu();
  expect(await answerOf(worker)).toEqual([...(await sumOfRows(backend))]);
});

it("says which browsers have WebGPU where there is none", async () => {
  const worker = new Worker(new URL("./none.worker.ts", import.meta.url), { type: "module" });
  expect(await answerOf(worker)).toBe(
    "BackendUnavailable: webgpu: this browser has no WebGPU; use Chrome or Edge 113, Safari 26 or Firefox 141 or later, or another backend",
  );
});
