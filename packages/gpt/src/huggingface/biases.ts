import { type Biases, biasesOf } from "../config.ts";
import { flag, type Setting } from "./settings.ts";

/** Biases of RMS-normed families: `attention` is the field for q, k, v and the projection after them, `mlp` that for the MLP. */
export function biases(attention: string, mlp?: string): Setting<boolean | Biases> {
  const of = (name: string | undefined) => (name === undefined ? undefined : flag(name, false));
  return {
    names: [attention, ...(mlp === undefined ? [] : [mlp])],
    read(json, known) {
      const both = flag(attention, false).read(json, known);
      return { qkv: both, out: both, mlp: of(mlp)?.read(json, known) ?? false, norm: false };
    },
    write(_, config) {
      const parts = biasesOf(config);
      return { [attention]: parts.qkv, ...(mlp !== undefined && { [mlp]: parts.mlp }) };
    },
  };
}
