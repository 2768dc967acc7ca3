import { CL100K, GPT2, O200K, type Pretokenizer } from "./pretokenizer.ts";

/** What an encoding is beside its ranks, which are a file of their own. */
export interface Encoding {
  readonly pretokenizer: Pretokenizer;
  /** Special tokens by content. */
  readonly specials: ReadonlyMap<string, number>;
}

export type EncodingName =
  | "gpt2"
  | "r50k_base"
  | "p50k_base"
  | "p50k_edit"
  | "cl100k_base"
  | "o200k_base"
  | "o200k_harmony";

/** An encoding by name. `ranks`: all of its file are below. */
interface NamedEncoding extends Encoding {
  readonly ranks: number;
}

/** Special tokens, as `<|name|>`. */
const named = (ids: { readonly [name: string]: number }): Map<string, number> =>
  new Map(Object.entries(ids).map(([name, id]) => [`<|${name}|>`, id]));

const fim = (first: number) => ({
  fim_prefix: first,
  fim_middle: first + 1,
  fim_suffix: first + 2,
});

const r50k: NamedEncoding = {
  pretokenizer: GPT2,
  specials: named({ endoftext: 50256 }),
  ranks: 50256,
};
const p50k = { ...r50k, ranks: 50281 }; // 50256 is not among them
const o200k: NamedEncoding = {
  pretokenizer: O200K,
  specials: named({ endoftext: 199999, endofprompt: 200018 }),
  ranks: 199998,
};

/** o200k_harmony: named ids among reserved ones; 200018 has two names, and the last is the one that tiktoken decodes. */
function harmonySpecials(): Map<string, number> {
  const specials = named({
    startoftext: 199998,
    endoftext: 199999,
    return: 200002,
    constrain: 200003,
    channel: 200005,
    start: 200006,
    end: 200007,
    message: 200008,
    call: 200012,
  });
  const taken = new Set(specials.values());
  for (let id = 200000; id < 201088; id++)
    if (!taken.has(id)) specials.set(`<|reserved_${id}|>`, id);
  specials.set("<|endofprompt|>", 200018);
  return specials;
}

/** tiktoken's, https://github.com/openai/tiktoken/blob/main/tiktoken_ext/openai_public.py */
export const encodings: Readonly<Record<EncodingName, NamedEncoding>> = {
  gpt2: r50k,
  r50k_base: r50k,
  p50k_base: p50k,
  p50k_edit: { ...p50k, specials: named({ endoftext: 50256, ...fim(50281) }) },
  cl100k_base: {
    pretokenizer: CL100K,
    specials: named({ endoftext: 100257, ...fim(100258), endofprompt: 100276 }),
    ranks: 100256,
  },
  o200k_base: o200k,
  o200k_harmony: { ...o200k, specials: harmonySpecials() },
};
