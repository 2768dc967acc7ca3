import { Worker } from "node:worker_threads";
import type { WorkerData, WorkerHandle } from "../src/spawn.ts";
import { workerSource } from "../src/worker.ts";

const source = `
globalThis.close = () => {};
${workerSource}
threads.parentPort.on("message", (data) => globalThis.onmessage({ data }));`;

const idle: Worker[] = [];

/** As `spawn`, but a worker that ended serves the next backend: hundreds of backends a test file need a few workers. */
export function recycled(data: WorkerData, lost: (cause: string) => void): WorkerHandle {
  const worker = idle.pop() ?? new Worker(source, { eval: true });
  worker.unref();
  const fail = (error: unknown) => lost(String(error));
  worker.on("error", fail);
  worker.postMessage(data);
  return {
    // The backend told it to stop; it reads the next message then.
    end() {
      worker.off("error", fail);
      idle.push(worker);
    },
  };
}
