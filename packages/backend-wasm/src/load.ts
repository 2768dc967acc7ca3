import { BackendUnavailable } from "@muladd/tensor";
import type { Bits } from "./linear.ts";
import { chooseThreads } from "./threads.ts";

/**
 * "simd": 128-bit SIMD. "relaxed": with fused multiply-add where the machine has it; last bits may differ between machines.
 * "wide": relaxed, laid out so that V8's revectorizer makes 256-bit code of it; slower than relaxed where it does not.
 */
export type Variant = "simd" | "relaxed" | "wide";

/** What this WebAssembly engine can run. */
export interface Features {
  readonly simd: boolean;
  readonly relaxedSimd: boolean;
  /** Memories of more than 4 GiB. */
  readonly memory64: boolean;
  /** Threads that `threads: "auto"` takes here. */
  readonly threads: number;
  /** Why not more; `undefined` when they are all cores. */
  readonly threadsReason: string | undefined;
}

/** Functions of a few instructions that validate only where the feature is there. */
const PROBES = {
  // i8x16.popcnt of a splat
  simd: [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253,
    15, 253, 98, 11,
  ],
  // f32x4.relaxed_madd of three splats
  relaxedSimd: [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253,
    15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11,
  ],
  // a memory of 64-bit addresses
  memory64: [0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 1],
} as const;

/** What this engine can run, without loading anything. All false where there is no WebAssembly. */
export function features(): Features {
  const has = (bytes: readonly number[]) =>
    typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(bytes));
  const { threads, reason } = chooseThreads("auto");
  return {
    simd: has(PROBES.simd),
    relaxedSimd: has(PROBES.relaxedSimd),
    memory64: has(PROBES.memory64),
    threads,
    threadsReason: reason,
  };
}

type Load = () => Promise<{ readonly wasm: string }>;

/**
 * Imported on demand: a bundler splits them, a browser fetches one. "64" works on a memory of more than 4 GiB, "Shared" on
 * one that threads share.
 */
const modules: Record<`${Variant | `${Exclude<Variant, "wide">}64`}${"" | "Shared"}`, Load> = {
  simd: () => import("./generated/simd.ts"),
  simdShared: () => import("./generated/simdShared.ts"),
  simd64: () => import("./generated/simd64.ts"),
  simd64Shared: () => import("./generated/simd64Shared.ts"),
  relaxed: () => import("./generated/relaxed.ts"),
  relaxedShared: () => import("./generated/relaxedShared.ts"),
  relaxed64: () => import("./generated/relaxed64.ts"),
  relaxed64Shared: () => import("./generated/relaxed64Shared.ts"),
  wide: () => import("./generated/wide.ts"),
  wideShared: () => import("./generated/wideShared.ts"),
};

type Kernel = (...args: number[]) => void;
type Size = (...args: number[]) => number;

/** What assembly/index.ts exports. Addresses are bytes, given as numbers whatever words the module makes of them. */
export interface Exports {
  readonly adamw_f32: Kernel;
  readonly attention_f32: Kernel;
  readonly attention_grad_f32: Kernel;
  readonly attention_grad_scratch: Size;
  readonly attention_scratch: Size;
  readonly binary: Kernel;
  readonly copy: Kernel;
  readonly copy_transposed_32: Kernel;
  readonly cross_entropy_f32: Kernel;
  readonly cross_entropy_grad_f32: Kernel;
  readonly fill_f32: Kernel;
  readonly fill_i32: Kernel;
  readonly gather_32: Kernel;
  readonly gather_packed_f32: Kernel;
  readonly gelu_f32: Kernel;
  readonly gelu_slope_f32: Kernel;
  readonly gelu_tanh_f32: Kernel;
  readonly gelu_tanh_slope_f32: Kernel;
  readonly layer_norm_f32: Kernel;
  readonly layer_norm_grad_f32: Kernel;
  readonly linear_packed_f32: Kernel;
  readonly linear_packed_scratch: Size;
  readonly loss_f32: Kernel;
  readonly loss_rows_f32: Kernel;
  readonly matmul_f32: Kernel;
  readonly matmul_pack_f32: Kernel;
  readonly matmul_scratch: Size;
  readonly max_f32: Kernel;
  readonly max_i32: Kernel;
  readonly own_table: Kernel;
  readonly rms_norm_f32: Kernel;
  readonly rms_norm_grad_f32: Kernel;
  readonly rotary_f32: Kernel;
  readonly scatter_add_f32: Kernel;
  readonly scatter_add_i32: Kernel;
  readonly select_32: Kernel;
  readonly softmax_f32: Kernel;
  readonly softmax_grad_f32: Kernel;
  readonly sum_blocks_f32: Kernel;
  readonly sum_f32: Kernel;
  readonly sum_i32: Kernel;
  readonly sum_parts_f64: Kernel;
  readonly sum_squares_f32: Kernel;
  readonly swiglu_f32: Kernel;
  readonly swiglu_grad_f32: Kernel;
  readonly unary_f32: Kernel;
  readonly unary_i32: Kernel;
  readonly uniform_f32: Kernel;
}

/** The compiled module of a variant. Throws BackendUnavailable when the page's policy refuses it. */
export async function compile(
  variant: Variant,
  bits: Bits = 32,
  shared = false,
): Promise<WebAssembly.Module> {
  const suffix = shared ? "Shared" : "";
  let name: keyof typeof modules = `${variant}${suffix}`;
  if (bits === 64) {
    if (variant === "wide")
      throw new BackendUnavailable(
        "wasm",
        "the wide variant has no module for a memory of more than 4 GiB",
        'use variant "auto", or maxBytes up to 4 GiB',
      );
    name = `${variant}64${suffix}`;
  }
  const text = atob((await modules[name]()).wasm);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    const error = new BackendUnavailable(
      "wasm",
      `the engine refused the module (${cause instanceof Error ? cause.message : cause})`,
      "under a Content-Security-Policy, add script-src 'wasm-unsafe-eval'",
    );
    error.cause = cause;
    throw error;
  }
}

export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Exports =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
