import { reference } from "@muladd/backend-reference";
import { articleAnswers } from "../../../engine/article-answers.ts";
import { backprop } from "../../../engine/backprop.ts";
import { Lock } from "../../../engine/lock.ts";
import { Subjects } from "../../../engine/subject.ts";

/** The text of every figure. */
export const TEXT = "The little dog";

/** What the figures show, as the live panels would: of the model with random weights that they begin with. */
export async function stillNumbers() {
  using backend = reference();
  const status = { phase: "idle", step: 0, steps: 0 } as const;
  const none = (): never => {
    throw new Error("a page that is built has no run");
  };
  const host = {
    backend,
    current: undefined,
    lock: new Lock(),
    alone: none,
    get session(): never {
      return none();
    },
  };
  const subjects = new Subjects(host);
  const asked = { signal: new AbortController().signal, part: () => {} };
  const answers = articleAnswers({ status, subjects });
  const about = { text: TEXT };
  const embedding = await answers.articleEmbedding({ ...about, token: 0 }, asked);
  const matrix = await answers.articleMatrix({ ...about, blocks: 0 }, asked);
  const block = await answers.articleBlock({ ...about, layer: 0, head: 0, row: 5 }, asked);
  const choice = { temperature: 1, topP: 1, seed: 0 };
  const output = await answers.articleOutput({ ...about, ...choice }, asked);

  const questions = backprop(Object.assign(host, { subjects }));
  const example = { kind: "text", ...about } as const;
  const { id: trace } = await questions.backpropTrace({ example, composed: [] }, asked);
  const weight = { parameter: "positions.weight", index: 0 };
  const ask = (values: readonly number[]) =>
    questions.backpropWeight({ trace, weight, values, rate: 1 }, asked);
  const { weight: at, gradient } = await ask([]);
  const values = Array.from({ length: 65 }, (_, i) => at + i / 64 - 0.5);
  const step = -gradient; // at a rate of 1
  const { losses } = await ask([at + step]);
  const descent = { values, report: await ask(values), step, after: losses[0] ?? Number.NaN };
  return { embedding, matrix, block, output, descent };
}

export type StillNumbers = Awaited<ReturnType<typeof stillNumbers>>;
