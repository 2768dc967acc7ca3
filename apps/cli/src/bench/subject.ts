import { GPT, preset, presetConfig } from "@muladd/gpt";
import { init, parametersOf } from "@muladd/nn";
import type { Backend } from "@muladd/tensor";

/** Characters of tiny Shakespeare: the vocabulary of the published figures. */
const VOCABULARY = 65;

/** An untrained model of a preset, to be disposed by whoever measures it. */
export function newModel(backend: Backend, name: string): Disposable & { readonly gpt: GPT } {
  const wanted = preset(name);
  const vocabulary = wanted.model.vocabulary ?? VOCABULARY;
  const gpt = new GPT(presetConfig(wanted, { vocabulary }), init(backend, 0));
  return {
    gpt,
    [Symbol.dispose]() {
      for (const p of parametersOf(gpt)) p[Symbol.dispose]();
    },
  };
}
