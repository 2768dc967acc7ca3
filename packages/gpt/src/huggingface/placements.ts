import type { StoredTensor, TensorStore } from "@muladd/checkpoint";
import { FormatError, sameShape, show } from "@muladd/tensor";
import type { Family } from "./family.ts";
import { ROPE_FACTORS } from "./gguf-config.ts";
import type { Form, Slot } from "./slots.ts";

/** A tensor that is there, and where it goes. */
export interface Placement {
  readonly slot: Slot;
  readonly stored: StoredTensor;
}

/** What torch.compile and data parallelism put before names. */
const WRAPPERS = /^(?:(?:_orig_mod|module)\.)+/;

/** Numbers that are no weights: integers, and what is true or false. */
const NO_WEIGHTS = /^(?:[IU]\d+|BOOL)$/;

/** The tensors of a store by the family's names, without wrappers, and without what is ignored. */
export function tensorsByName(
  store: TensorStore,
  { prefix, ignored }: Pick<Family, "prefix" | "ignored">,
  form: Form,
): ReadonlyMap<string, StoredTensor> {
  const bare = new Map<string, StoredTensor>();
  for (const [stored, tensor] of store.tensors) {
    const name = stored.replace(WRAPPERS, "");
    if (form === "gguf" ? name === ROPE_FACTORS : ignored.test(name)) continue;
    // Under the name that it would have without the prefix: files have either.
    const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    if (bare.has(short)) throw new FormatError(`${store.name}: ${stored} is there twice`);
    bare.set(short, tensor);
  }
  return bare;
}

export const shortName = (name: string, { prefix }: Pick<Family, "prefix">): string =>
  name.startsWith(prefix) ? name.slice(prefix.length) : name;

/**
 * Finds each slot's tensor. Throws {@link FormatError} that lists every tensor that is missing, wrongly shaped, or not part of
 * the model.
 */
export function placementsOf(
  slots: readonly Slot[],
  tensors: ReadonlyMap<string, StoredTensor>,
  family: Family,
  name: string,
): Placement[] {
  const left = new Map(tensors);
  const faults: string[] = [];
  const placements = slots.flatMap((slot): Placement[] => {
    const short = shortName(slot.name, family);
    const stored = left.get(short);
    left.delete(short);
    if (!stored) faults.push(`${slot.name} ${show(slot.shape)} is missing`);
    else if (!sameShape(stored.shape, slot.shape))
      faults.push(`${stored.name} is ${show(stored.shape)}, expected ${show(slot.shape)}`);
    else if (NO_WEIGHTS.test(stored.dtype))
      faults.push(`${stored.name} is of type ${stored.dtype}, expected floats`);
    else return [{ slot, stored }];
    return [];
  });
  for (const { name, shape } of left.values())
    faults.push(`${name} ${show(shape)} is not part of the model`);
  if (faults.length === 0) return placements;
  throw new FormatError(
    `${name}: the tensors are not those of a ${family.modelType} with this config.json: ${faults.join("; ")}`,
  );
}
