import { workerSource } from "./worker.ts";

/** What a worker is started with; cloned, the module and the memory shared. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly names: readonly string[];
  /** 1, 2, …; the calling thread is 0. */
  readonly thread: number;
  /** Whether the module may have been widened: see `afterKernel` in wide.ts. */
  readonly wide: boolean;
}

export interface WorkerHandle {
  /** Ends the worker, without a call of `lost`. */
  end(): void;
}

/**
 * Starts a worker: in Node a thread that does not keep the process alive, elsewhere a page's. `lost` is called with the
 * cause when it ends by itself.
 */
export function spawn(data: WorkerData, lost: (cause: string) => void): WorkerHandle {
  const node = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  let ended = false;
  const report = (cause: string): void => {
    if (!ended) lost(cause);
  };
  if (node) {
    // No execArgv: a loader of the program's own sources is nothing to this one.
    const worker = new node.Worker(workerSource, { eval: true, workerData: data, execArgv: [] });
    worker.unref();
    worker.on("error", (error) => report(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => report(`exit code ${code}`));
    return {
      end() {
        ended = true;
        void worker.terminate();
      },
    };
  }
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  try {
    const worker = new Worker(url);
    worker.onerror = (event) => report(event.message || "the browser refused its script");
    worker.postMessage(data);
    return {
      end() {
        ended = true;
        worker.terminate();
        URL.revokeObjectURL(url);
      },
    };
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
}
