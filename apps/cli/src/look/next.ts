import { type Candidate, type GPT, generate } from "@muladd/gpt";

/** The likeliest next tokens after `ids`, most likely first, by the model's own softmax, and the logits (V) of all. */
export async function nextTokens(
  model: GPT,
  ids: readonly number[],
  count: number,
): Promise<{ readonly candidates: readonly Candidate[]; readonly logits: ArrayLike<number> }> {
  let logits: ArrayLike<number> = [];
  const onLogits = (all: ArrayLike<number>) => {
    logits = Array.from(all);
  };
  const options = { maxTokens: 1, temperature: 0, candidates: count, onLogits };
  for await (const { candidates } of generate(model, ids, options)) return { candidates, logits };
  return { candidates: [], logits };
}
