import { totalmem } from "node:os";
import type { TensorStore } from "@muladd/checkpoint";
import type { Pretrained } from "@muladd/gpt/huggingface";
import { CLIError, exitCodes } from "../errors.ts";
import type { IO } from "../io.ts";
import { locateModel, type ModelPlace } from "../locate.ts";
import { type OpenModel, type OpenModelOptions, openModel } from "../model.ts";
import { openPlace } from "../pretrained.ts";
import { quantity } from "../ui/format.ts";

/** How numbers of a file are stored. */
export type FloatType = "F32" | "F16" | "BF16";

/** A model to be written elsewhere, with all that belongs to it. */
export interface Source extends Disposable {
  readonly opened: OpenModel;
  /** How its numbers are stored now: written so, none changes. */
  readonly dtype: FloatType;
  /** Where it lies; files beside the weights may be taken along from here. */
  readonly place: ModelPlace;
}

/**
 * Opens a model to write it elsewhere: on the host, since nothing is computed. Throws CLIError for what is not there, not
 * supported, or larger than the memory, and FormatError for damaged files.
 */
export async function openSource(
  io: IO,
  name: string,
  { checkpoint = "best", offline, quiet = false }: Omit<OpenModelOptions, "weights">,
): Promise<Source> {
  const place = await locateModel(io, name, { offline, quiet });
  const pretrained = place.kind === "run" ? undefined : await openPlace(place);
  await pretrained?.close();
  const dtype = pretrained ? floatType(pretrained.store) : "F32";
  const weights = ({ F32: "f32", F16: "f16", BF16: "bf16" } as const)[dtype];
  if (pretrained) await checkRoom(name, pretrained, weights);
  const { reference } = await import("@muladd/backend-reference");
  const backend = reference();
  try {
    const opened = await openModel(io, name, backend, { checkpoint, weights, offline, quiet });
    return {
      opened,
      dtype,
      place,
      [Symbol.dispose]() {
        opened[Symbol.dispose]();
        backend[Symbol.dispose]();
      },
    };
  } catch (error) {
    backend[Symbol.dispose]();
    throw error;
  }
}

/** The type of a file's floats; F32 where they differ, or are packed in GGUF's way. */
function floatType(store: TensorStore): FloatType {
  const types = new Set([...store.tensors.values()].map(({ dtype }) => dtype));
  const floats = [...types].filter((type) => !/^[IU]\d+$|^BOOL$/.test(type));
  const [only] = floats;
  return floats.length === 1 && (only === "F16" || only === "BF16") ? only : "F32";
}

async function checkRoom(
  name: string,
  { config }: Pretrained,
  weights: "f32" | "f16" | "bf16",
): Promise<void> {
  const { weightBytes } = await import("@muladd/gpt");
  const needed = weightBytes(config, weights);
  if (needed <= totalmem()) return;
  throw new CLIError(`${name} needs ${quantity(needed, "B")} of memory`, {
    why: `this machine has ${quantity(totalmem(), "B")}`,
    exitCode: exitCodes.unavailable,
  });
}
