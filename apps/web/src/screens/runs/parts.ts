import type { TensorFacts } from "../../engine/models/open.ts";

/** Tensors that belong together: those of a block, or those of none. */
export interface Part {
  /** Where their names begin: "model.layers.0"; "" for those outside of the blocks. */
  readonly name: string;
  readonly tensors: readonly TensorFacts[];
  readonly bytes: number;
  readonly numbers: number;
  /** Of all numbers, 0 … 1. */
  readonly share: number;
}

const { compare } = new Intl.Collator("en", { numeric: true });

/** The tensors by block, block 2 before block 10. A block's tensors have its number in their names: "h.0.ln_1.weight". */
export function partsOf(tensors: readonly TensorFacts[]): Part[] {
  const byName = new Map<string, TensorFacts[]>();
  for (const tensor of tensors) {
    const name = /^(?:[^.]+\.)*?\d+(?=\.)/.exec(tensor.name)?.[0] ?? "";
    byName.set(name, [...(byName.get(name) ?? []), tensor]);
  }
  const sum = (all: readonly TensorFacts[], what: "bytes" | "numbers" | "share") =>
    all.reduce((total, tensor) => total + tensor[what], 0);
  return [...byName]
    .map(([name, all]) => ({
      name,
      tensors: all.toSorted((a, b) => compare(a.name, b.name)),
      bytes: sum(all, "bytes"),
      numbers: sum(all, "numbers"),
      share: sum(all, "share"),
    }))
    .sort((a, b) => compare(a.name, b.name));
}
