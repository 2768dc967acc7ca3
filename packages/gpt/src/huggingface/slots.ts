import { type Shape, size } from "@muladd/tensor";
import { ConfigError } from "../check-config.ts";
import type { GPTConfig } from "../config.ts";
import { parameterShapes } from "../parameter-shapes.ts";
import type { Family } from "./family.ts";

/** In which words a file names its tensors, and how it lays them out. */
export type Form = "huggingface" | "gguf";

/** A tensor of a file, and its place in a parameter. */
export interface Slot {
  /** In the file, with the family's prefix. */
  readonly name: string;
  /** In the file. */
  readonly shape: Shape;
  readonly parameter: string;
  /** Of the parameter, where the tensor begins. */
  readonly row: number;
  /** The file has (in, out), the parameter (out, in). */
  readonly transposed: boolean;
  /** Rows of a head lie in pairs in the file, in halves in the parameter: the head's rows; else 0. */
  readonly paired: number;
}

/** The tensors that a file of a model holds. Throws {@link ConfigError} for a parameter that the family has no name for. */
export function slotsOf(config: GPTConfig, family: Family, form: Form): Slot[] {
  const names = form === "gguf" ? family.gguf?.names : family.names;
  const transposed = form === "gguf" ? undefined : family.transposed;
  const { heads, kvHeads, headWidth } = config;
  const parts = [heads * headWidth, kvHeads * headWidth, kvHeads * headWidth];
  return [...parameterShapes(config)].flatMap(([parameter, shape]): Slot[] => {
    const [, layer = ""] = /^blocks\.(\d+)\./.exec(parameter) ?? [];
    const theirs = names?.[parameter.replace(/^blocks\.\d+\./, "blocks.*.")];
    if (theirs === undefined)
      throw new ConfigError(
        parameter,
        `is a part of the model that ${family.modelType} has no name for`,
        "choose another family",
      );
    if (typeof theirs === "string") {
      const name = theirs.replace("*", layer);
      const turned = transposed?.test(name) ?? false;
      const inFile = turned ? [...shape].reverse() : shape;
      return [{ name, shape: inFile, parameter, row: 0, transposed: turned, paired: 0 }];
    }
    let row = 0;
    return theirs.map((pattern, i) => {
      const rows = parts[i]!;
      row += rows;
      return {
        name: pattern.replace("*", layer),
        shape: [rows, ...shape.slice(1)],
        parameter,
        row: row - rows,
        transposed: false,
        paired: form === "gguf" && family.gguf?.paired && i < 2 ? headWidth : 0,
      };
    });
  });
}

/** Numbers in all of a model's parameters. */
export const numbersOf = (slots: readonly Slot[]): number =>
  slots.reduce((sum, { shape }) => sum + size(shape), 0);
