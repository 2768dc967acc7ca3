/** What a model needs beside its weights. vocab.json and merges.txt are what older models have for a tokenizer.json. */
const SMALL = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
];
const OLD_TOKENIZER = ["vocab.json", "merges.txt"];

/** Files without which a model is read, but not used as it is meant to be. */
export const MISSED = ["generation_config.json", "tokenizer.json", ...OLD_TOKENIZER];

/** Weights in the order in which they are preferred: whole, or in shards with an index. */
const WEIGHTS = [
  { whole: "model.safetensors", shard: /^model-\d+-of-(\d+)\.safetensors$/ },
  { whole: "pytorch_model.bin", shard: /^pytorch_model-\d+-of-(\d+)\.bin$/ },
];

/** The files of a model's weights among `names`: of one format, every shard there is; none where there are no weights. */
function weightFiles(names: readonly string[]): { files: readonly string[]; complete: boolean } {
  for (const { whole, shard } of WEIGHTS) {
    if (names.includes(whole)) return { files: [whole], complete: true };
    const shards = names.filter((name) => shard.test(name)).sort();
    const index = `${whole}.index.json`;
    if (shards.length === 0 || !names.includes(index)) continue;
    const of = Number(shard.exec(shards[0]!)?.[1]);
    return { files: [index, ...shards], complete: shards.length === of };
  }
  return { files: [], complete: false };
}

/** What to fetch of a repository: of safetensors and pickle only one. */
export function neededFiles(names: readonly string[]): {
  small: readonly string[];
  weights: readonly string[];
  complete: boolean;
} {
  const { files: weights, complete } = weightFiles(names);
  const all = names.includes("tokenizer.json") ? SMALL : [...SMALL, ...OLD_TOKENIZER];
  const small = all.filter((name) => names.includes(name));
  return { small, weights, complete: complete && names.includes("config.json") };
}

/** What is not among a snapshot's `names` though its repository may have it: `absent` are those that it has not. */
export function missedFiles(names: readonly string[], absent: readonly string[]): string[] {
  const has = (name: string) => names.includes(name);
  const tokenizer = has("tokenizer.json") || OLD_TOKENIZER.every(has);
  const sought = tokenizer ? MISSED.slice(0, 1) : MISSED;
  return sought.filter((name) => !has(name) && !absent.includes(name));
}
