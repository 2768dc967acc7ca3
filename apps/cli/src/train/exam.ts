import type { Question, TaskName } from "@muladd/corpus";
import type { GPT } from "@muladd/gpt";
import type { Tokenizer } from "@muladd/tokenizer";

const SEED = 1;

/** How many questions of a toy task a model answers right, character by character; it is asked greedily. */
export async function takeExam(
  model: GPT,
  tokenizer: Tokenizer,
  name: TaskName,
  count: number,
  signal?: AbortSignal,
): Promise<{ right: number; of: number }> {
  const { tasks } = await import("@muladd/corpus");
  const exam = tasks[name].exam({ seed: SEED, count });
  const longest = Math.max(...exam.map(({ answer }) => answer.length));
  const answers: string[] = [];
  for (const question of exam) {
    if (signal?.aborted) break;
    answers.push(await answer(model, tokenizer, question, longest + 1));
  }
  const asked = exam.slice(0, answers.length);
  const share = asked.length > 0 ? tasks[name].score(asked, answers) : 0;
  return { right: Math.round(share * asked.length), of: asked.length };
}

/** What the model writes up to the end of the line, `tokens` at most. */
async function answer(
  model: GPT,
  tokenizer: Tokenizer,
  { prompt }: Question,
  tokens: number,
): Promise<string> {
  const { generate } = await import("@muladd/gpt");
  const decoder = tokenizer.decoder();
  const options = { maxTokens: tokens, temperature: 0 };
  let text = "";
  // A question begins a line.
  for await (const { id } of generate(model, tokenizer.encode(`\n${prompt}`), options)) {
    text += decoder.push(id);
    if (text.includes("\n")) break;
  }
  return text;
}
