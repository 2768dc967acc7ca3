import { type Candidate, type GPT, generate } from "@muladd/gpt";

/** The likeliest next tokens after `ids`, most likely first, by the model's own softmax. */
export async function nextTokens(
  model: GPT,
  ids: readonly number[],
  count: number,
): Promise<readonly Candidate[]> {
  for await (const { candidates } of generate(model, ids, {
    maxTokens: 1,
    temperature: 0,
    candidates: count,
  }))
    return candidates;
  return [];
}
