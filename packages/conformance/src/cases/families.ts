import { nodeFiles, openSafetensors } from "@muladd/checkpoint";
import { loadGPT, openPretrained } from "@muladd/gpt/huggingface";
import { namedParameters } from "@muladd/nn";
import { dispose, Tensor } from "@muladd/tensor";
import type { Case, Create } from "../case.ts";
import { type Curve, type Greedy, witnessCases } from "./witness.ts";

/** What stands beside the files of transformers: `fixtures/families/<name>/expected.json`. */
export interface FamilyModel {
  readonly transformers: string;
  /** (B, T) each. */
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly loss: number;
  readonly training: Curve;
  readonly greedy: Greedy;
  /** (V), after the prompt of the greedy text. */
  readonly logits: readonly number[];
}

/** Tiny models of Hugging Face transformers, at least one of each family. */
export const familyModels = [
  "gpt2",
  "gpt_neo",
  "llama",
  "llama-dynamic",
  "llama-linear",
  "qwen2",
  "qwen3",
] as const;

/** One of {@link familyModels} in a folder on disk, loaded as users load them, against transformers: see {@link witnessCases}. */
export function familyCases(
  create: Create,
  name: (typeof familyModels)[number],
  folder: string,
  { transformers, ids, targets, loss, training, greedy, logits }: FamilyModel,
): Case[] {
  const files = nodeFiles(folder);
  const title = `transformers ${transformers}: ${name}`;
  const expected = { title, curves: { plain: training }, greedy };
  return witnessCases(create, expected, async (backend) => {
    const pretrained = await openPretrained(files);
    const batch = (rows: readonly (readonly number[])[]) =>
      Tensor.from(backend, rows.flat(), [rows.length, rows[0]?.length ?? 0], "i32");
    const model = await loadGPT(backend, pretrained);
    await pretrained.close();
    return {
      model,
      ids: batch(ids),
      targets: batch(targets),
      loss,
      logits: { ids: [greedy.prompt], last: logits },
      async gradients() {
        const path = "gradients.safetensors";
        const source = await files.open(path);
        if (!source) throw new Error(`the fixtures have no ${path}; make them again`);
        // They have the names and shapes of the weights, so they load as weights do.
        const loaded = await loadGPT(backend, {
          ...pretrained,
          store: await openSafetensors(source),
        });
        const all = new Map<string, ArrayLike<number>>();
        for (const [key, p] of namedParameters(loaded)) all.set(key, await p.data());
        dispose(loaded);
        await source.close();
        return all;
      },
    };
  });
}
