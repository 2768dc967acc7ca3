import { GPT, gptConfig } from "@muladd/gpt";
import { init, parametersOf } from "@muladd/nn";
import { type Backend, dispose, matmul, Tensor } from "@muladd/tensor";
import type { Failure } from "./protocol.ts";

export type BackendName = "wasm" | "webgpu" | "reference";

/** A backend that was tried. */
export interface Rung {
  readonly name: BackendName;
  /** What it is, in words: "WASM SIMD, 4 threads", "WebGPU, Apple M2". */
  readonly title: string;
  /** Why it cannot be used. */
  readonly refusal?: Failure;
  /** Milliseconds of a training step of the model at hand; absent where it was not timed. */
  readonly stepMs?: number;
}

export interface BackendChoice {
  readonly name: BackendName;
  readonly title: string;
  /** Why this one. */
  readonly reason: string;
}

/** All that was tried, and what runs. */
export interface Ladder {
  readonly rungs: readonly Rung[];
  readonly choice: BackendChoice;
}

/** A backend that was proven. */
export interface Opened {
  readonly backend: Backend;
  readonly title: string;
  /** Whether a GPU is only imitated, by the CPU. */
  readonly software?: boolean;
}

const factories: Readonly<Record<BackendName, () => Promise<Opened>>> = {
  async wasm() {
    const { wasm } = await import("@muladd/backend-wasm");
    const backend = await wasm();
    await backend.startThreads();
    const { threads } = backend;
    return { backend, title: `WASM SIMD, ${threads} ${threads === 1 ? "thread" : "threads"}` };
  },
  async webgpu() {
    const { webgpu } = await import("@muladd/backend-webgpu");
    const backend = await webgpu();
    const { vendor, architecture, software } = backend.facts;
    const what = [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
    return { backend, title: `WebGPU, ${what}${software ? " (software)" : ""}`, software };
  },
  async reference() {
    const { reference } = await import("@muladd/backend-reference");
    return { backend: reference(), title: "plain TypeScript" };
  },
};

/** Opens a backend that computes a product and a tiny GPT's loss and gradient-free logits as plain TypeScript does. */
export async function openRung(name: BackendName): Promise<Opened> {
  const opened = await factories[name]();
  try {
    await prove(opened.backend);
  } catch (error) {
    opened.backend[Symbol.dispose]();
    throw error;
  }
  return opened;
}

/** Opens a backend without a proof: for the tests that are to prove it. */
export const openUnproven = (name: BackendName): Promise<Opened> => factories[name]();

// A product is good to 1e-5 of its operands' size; a whole model sums a few of those.
const TOLERANCE = 1e-4;

/** Throws when `backend` differs from plain TypeScript on a product of (32, 32) and on the logits of a tiny GPT. */
async function prove(backend: Backend): Promise<void> {
  const { reference } = await import("@muladd/backend-reference");
  using right = reference();
  const [a, b] = [await evidence(backend), await evidence(right)];
  const wrong = a.findIndex(
    (x, i) => !(Math.abs(x - b[i]!) <= TOLERANCE * Math.max(1, Math.abs(b[i]!))),
  );
  if (wrong >= 0)
    throw new Error(
      `${backend.name} computed ${a[wrong]} where plain TypeScript computes ${b[wrong]}; use another backend, and report the device`,
    );
}

async function evidence(backend: Backend): Promise<number[]> {
  const wave = (n: number) => Array.from({ length: n }, (_, i) => Math.sin(i * 1.7));
  using a = Tensor.from(backend, wave(1024), [32, 32]);
  using product = matmul(a, a);
  const config = gptConfig({ vocabulary: 17, context: 8, width: 16, heads: 2, layers: 1 });
  const model = new GPT(config, init(backend, 1));
  using ids = Tensor.from(backend, Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [1, 8]);
  using logits = model.forward(ids);
  try {
    return [...(await product.data()), ...(await logits.data())];
  } finally {
    dispose(parametersOf(model));
  }
}
