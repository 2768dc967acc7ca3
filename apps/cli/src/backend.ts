import type { Backend, BackendUnavailable } from "@muladd/tensor";
import { CLIError, exitCodes, UsageError } from "./errors.ts";

/** What the command line says about a backend, besides its name. */
export interface BackendChoice {
  readonly threads?: number | "auto";
  /** Whether V8 may be asked for experimental SIMD: a program may set the flags of its process, a library not. */
  readonly wide?: boolean;
  /** Bytes that it may take; default and what more needs: `maxBytes` of wasm(). */
  readonly memory?: number;
}

const factories: Readonly<Record<string, (choice: BackendChoice) => Promise<Backend>>> = {
  wasm: async ({ threads = "auto", wide = true, memory }) => {
    try {
      const { wasm } = await import("@muladd/backend-wasm");
      const limit = memory === undefined ? {} : { maxBytes: memory };
      const backend = await wasm({ threads, wide, ...limit });
      await backend.startThreads(); // so that the first steps tell how fast the others will be
      return backend;
    } catch (error) {
      if (memory !== undefined && (error as Error).name === "BackendUnavailable")
        throw new CLIError(
          (error as Error).message.split("; ")[0]!.replace(/^wasm: maxBytes/, "--memory"),
          {
            why: (error as BackendUnavailable).remedy.replace("maxBytes", "--memory"),
            exitCode: exitCodes.unavailable,
            cause: error,
          },
        );
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(error.message.replace(/^wasm: threads/, "--threads"), {
        remedies: "--threads auto",
      });
    }
  },
  reference: async () => (await import("@muladd/backend-reference")).reference(),
};

/** Backends that this version has, fastest first. */
export const backends: readonly string[] = Object.keys(factories);

// Longer, and a pressed key seems dead.
const TURN_MS = 20;

/** Lets signals, keys and timers in wherever a program waits for `backend`: its reads never leave the thread else. */
function patient<T extends Backend>(backend: T): T {
  const read = backend.read.bind(backend);
  let last = performance.now();
  return Object.assign(backend, {
    async read(buffer: number) {
      if (performance.now() - last >= TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        last = performance.now();
      }
      return read(buffer);
    },
  });
}

/** What a backend is, in a few words: "wasm relaxed, 2 threads". */
export function describeBackend(backend: Backend): string {
  const { variant, threads } = backend as { readonly variant?: string; readonly threads?: number };
  const many = threads === undefined ? "" : `, ${threads} thread${threads === 1 ? "" : "s"}`;
  return `${backend.name}${variant === undefined ? "" : ` ${variant}`}${many}`;
}

/**
 * Opens a backend by name; "auto" is the fastest that this machine has. Throws UsageError for a name that there is not,
 * CLIError with code 3 or BackendUnavailable for one that cannot serve here.
 */
export async function openBackend(name: string, choice: BackendChoice = {}): Promise<Backend> {
  // Only one has a memory to size: another in its place would not be what was asked for.
  if (name === "auto" && choice.memory !== undefined) return openBackend("wasm", choice);
  if (name === "auto") {
    const { firstAvailable } = await import("@muladd/tensor");
    return patient(
      await firstAvailable(Object.values(factories).map((open) => () => open(choice))),
    );
  }
  const open = Object.hasOwn(factories, name) ? factories[name] : undefined;
  if (open) return patient(await open(choice));
  if (name === "webgpu")
    throw new CLIError("the backend webgpu is not available in this version", {
      remedies: "--backend wasm",
      exitCode: exitCodes.unavailable,
    });
  const { nearest } = await import("@muladd/gpt");
  const meant = nearest(name, ["auto", ...backends]);
  throw new UsageError(`there is no backend ${name}`, {
    why: `there are auto, ${backends.join(", ")}`,
    ...(meant ? { remedies: `--backend ${meant}` } : {}),
  });
}
