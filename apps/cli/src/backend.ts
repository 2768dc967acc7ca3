import type { WebGPUBackend } from "@muladd/backend-webgpu";
import type { Backend, BackendUnavailable } from "@muladd/tensor";
import { CLIError, exitCodes, UsageError } from "./errors.ts";
import { describeAdapter, hasGraphicsDevice, softwareDriver } from "./gpu.ts";

/** What the command line says about a backend, besides its name. */
export interface BackendChoice {
  readonly threads?: number | "auto";
  /** Whether V8 may be asked for experimental SIMD: a program may set the flags of its process, a library not. */
  readonly wide?: boolean;
  /** Bytes that it may take; default and what more needs: `maxBytes` of wasm() and webgpu(). */
  readonly memory?: number;
  /** What webgpu multiplies in. */
  readonly products?: "f32" | "f16";
  /** Has webgpu time its kernels. */
  readonly profile?: boolean;
  /** For webgpu: a device that another backend opened. */
  readonly device?: GPUDevice;
}

const factories: Readonly<Record<string, (choice: BackendChoice) => Promise<Backend>>> = {
  webgpu: async ({ threads = "auto", wide = true, memory, products, profile, device }) => {
    if (threads !== "auto" || !wide)
      throw new UsageError(`${wide ? "--threads" : "--no-wide"} says nothing to webgpu`, {
        why: "it is a setting of the wasm backend",
        remedies: [`leave ${wide ? "--threads" : "--no-wide"} out`, "--backend wasm"],
      });
    const { webgpu } = await import("@muladd/backend-webgpu");
    try {
      return await webgpu({
        ...(memory === undefined ? {} : { maxBytes: memory }),
        ...(products === undefined ? {} : { products }),
        ...(profile === undefined ? {} : { profile }),
        ...(device === undefined ? {} : { device }),
      });
    } catch (error) {
      if ((error as Error).name !== "BackendUnavailable") throw error;
      const { message, remedy } = error as BackendUnavailable;
      const driver = message.includes("no adapter") ? softwareDriver() : undefined;
      throw new CLIError(message.split("; ")[0]!, {
        why: remedy,
        remedies: [...(driver ? [`${driver} muladd …`] : []), "--backend wasm"],
        exitCode: exitCodes.unavailable,
        cause: error,
      });
    }
  },
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

export const isWebGPU = (backend: Backend): backend is WebGPUBackend => backend.name === "webgpu";

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

/** What a backend is, in a few words: "wasm relaxed, 2 threads", "webgpu, SwiftShader (software)". */
export function describeBackend(backend: Backend): string {
  if (isWebGPU(backend)) return `webgpu, ${describeAdapter(backend.facts)}`;
  const { variant, threads } = backend as { readonly variant?: string; readonly threads?: number };
  const many = threads === undefined ? "" : `, ${threads} thread${threads === 1 ? "" : "s"}`;
  return `${backend.name}${variant === undefined ? "" : ` ${variant}`}${many}`;
}

/**
 * Opens a backend by name; "auto" is the fastest that this machine has: a GPU, but no software adapter, which is slower than
 * wasm; else wasm. Throws UsageError for a name that there is not, CLIError with code 3 or BackendUnavailable for one that
 * cannot serve here.
 */
export async function openBackend(name: string, choice: BackendChoice = {}): Promise<Backend> {
  if (name === "auto") return patient(await fastest(choice));
  const open = Object.hasOwn(factories, name) ? factories[name] : undefined;
  if (!open) {
    const { nearest } = await import("@muladd/gpt");
    const meant = nearest(name, ["auto", ...backends]);
    throw new UsageError(`there is no backend ${name}`, {
      why: `there are auto, ${backends.join(", ")}`,
      ...(meant ? { remedies: `--backend ${meant}` } : {}),
    });
  }
  if (name !== "webgpu" && (choice.products ?? "f32") !== "f32")
    throw new UsageError(`--products ${choice.products} is not possible on ${name}`, {
      why: "it multiplies in f32",
      remedies: "--backend webgpu",
    });
  return patient(await open(choice));
}

async function fastest(choice: BackendChoice): Promise<Backend> {
  const { wasm, reference } = factories;
  // Whoever sets what only one backend has means that one: another in its place would not be what was asked for.
  if (choice.products === "f16" || choice.device) return factories.webgpu!(choice);
  if (choice.memory !== undefined) return wasm!(choice);
  const free = (choice.threads ?? "auto") === "auto" && choice.wide !== false;
  if (free && (await hasHardwareAdapter())) return factories.webgpu!(choice);
  const { firstAvailable } = await import("@muladd/tensor");
  return firstAvailable([wasm!, reference!].map((open) => () => open(choice)));
}

async function hasHardwareAdapter(): Promise<boolean> {
  if (!hasGraphicsDevice()) return false;
  const { adapterFacts } = await import("@muladd/backend-webgpu");
  return adapterFacts().then(
    ({ software }) => !software,
    () => false,
  );
}
