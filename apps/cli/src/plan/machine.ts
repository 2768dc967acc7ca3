import { totalmem } from "node:os";
import type { Plan } from "@muladd/gpt";
import { formatFlag } from "../precision.ts";

/** What a model has to fit into. Bytes. */
export interface Limits {
  readonly memory: number;
  /** The most that the wasm backend takes by default. */
  readonly wasm: number;
  /** The most that it takes with `--memory`: more than 4 GiB where the runtime has 64-bit addresses. */
  readonly wasmMost: number;
}

/** This machine. */
export async function limitsHere(): Promise<Limits> {
  const { features } = await import("@muladd/backend-wasm");
  const memory = totalmem();
  const addressed = features().memory64 ? 2 ** 34 : 2 ** 32;
  return { memory, wasm: Math.min(memory, 2 ** 32), wasmMost: Math.min(memory, addressed) };
}

/** Whether bytes fit: as it is, with a `--memory` to paste, or not at all. */
export interface Fit {
  readonly fits: boolean;
  /** "", or what it takes: "--memory 6000M". */
  readonly flags: string;
}

export function fitting(bytes: number, { wasm, wasmMost }: Limits): Fit {
  if (bytes <= wasm) return { fits: true, flags: "" };
  const enough = 1e6 * Math.ceil(bytes / 1e6);
  const fits = enough <= wasmMost;
  return { fits, flags: fits ? `--memory ${enough / 1e6}M` : "" };
}

/** Precisions that are planned, from the most bytes to the fewest. */
export const FORMATS = ["f32", "bf16", "int8", "int4"] as const;
export type PlannedFormat = (typeof FORMATS)[number];

/** A model held in one precision, to write with. */
export interface Precision extends Fit {
  readonly format: PlannedFormat;
  /** Bytes. */
  readonly weights: number;
  /** Bytes of keys and values of a whole context, float32 in every precision. */
  readonly cache: number;
}

/** A model in each precision. `flags` has what asks for it as well. */
export async function precisions(planned: Plan, limits: Limits): Promise<Precision[]> {
  const { weightBytes } = await import("@muladd/gpt");
  const { cache } = planned.bytes;
  return FORMATS.map((format) => {
    const weights = weightBytes(planned.config, format);
    const { fits, flags } = fitting(weights + cache, limits);
    const asked = [format === "f32" ? "" : formatFlag(format), flags].filter((f) => f !== "");
    return { format, weights, cache, fits, flags: asked.join(" ") };
  });
}
