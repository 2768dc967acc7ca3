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

/**
 * What to fetch of a repository: the small files first, so that weights which are there mean that all is there. Of
 * safetensors and pickle only one.
 */
export function neededFiles(names: readonly string[]): { files: string[]; complete: boolean } {
  const weights = weightFiles(names);
  const small = names.includes("tokenizer.json") ? SMALL : [...SMALL, ...OLD_TOKENIZER];
  const files = [...small.filter((name) => names.includes(name)), ...weights.files];
  return { files, complete: weights.complete && names.includes("config.json") };
}
