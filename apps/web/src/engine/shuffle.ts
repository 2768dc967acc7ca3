import type { GPT } from "@muladd/gpt";
import { add, matmul, mul, Rng, softmax, Tensor, tidy } from "@muladd/tensor";
import type { Matrix } from "./article.ts";
import { causalMask, headOf } from "./block-row.ts";

export interface ShuffleChoice {
  /** Whether the vectors of places are added. */
  readonly positions: boolean;
  /** Whether a token may look at earlier ones only. */
  readonly masked: boolean;
  readonly seed: number;
}

/** What the first head makes of a text and of the same text with its words in another order. */
export interface Shuffled {
  /** Of each place of the shuffled text: where that token stood. */
  readonly order: readonly number[];
  /** (T, D) */
  readonly original: Matrix;
  /** (T, D), each row put back to where its token stood. */
  readonly putBack: Matrix;
  /** The largest between the two. */
  readonly difference: number;
  /** The largest of the original. */
  readonly size: number;
}

/**
 * Runs the first head of the model's first block, with or without places and mask, on ids and on the ids shuffled by words.
 * Without both, a head is a function of a set: shuffled input gives shuffled output, up to the rounding of sums.
 */
export async function shuffle(
  model: GPT,
  ids: Int32Array,
  tokens: readonly { readonly text: string }[],
  { positions, masked, seed }: ShuffleChoice,
): Promise<Shuffled> {
  const texts = tokens.map(({ text }) => text);
  const order = shuffledWords(texts, seed);
  const original = await headOutput(model, ids, { positions, masked });
  const moved = await headOutput(
    model,
    Int32Array.from(order, (i) => ids[i]!),
    { positions, masked },
  );
  const { rows, columns } = original;
  const back = new Array<number>(rows * columns);
  order.forEach((from, to) => {
    for (let d = 0; d < columns; d++) back[from * columns + d] = moved.values[to * columns + d]!;
  });
  const largest = (values: readonly number[]) =>
    values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return {
    order,
    original,
    putBack: { rows, columns, values: back },
    difference: largest(original.values.map((x, i) => x - back[i]!)),
    size: largest(original.values),
  };
}

/** An order of the tokens in which words stay together and stand elsewhere; single tokens move where there is one word. */
export function shuffledWords(tokens: readonly string[], seed: number): number[] {
  let words: number[][] = [];
  tokens.forEach((text, i) => {
    const begins = i === 0 || /\s$/u.test(tokens[i - 1]!) || (text.length > 1 && /^\s/u.test(text));
    if (begins) words.push([i]);
    else words.at(-1)!.push(i);
  });
  if (words.length < 2) words = tokens.map((_, i) => [i]);
  const rng = new Rng(seed, "shuffle");
  const order = words.slice();
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(rng.uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  // An order that is none would show nothing.
  if (order.every((word, i) => word === words[i])) order.push(order.shift()!);
  return order.flat();
}

async function headOutput(
  model: GPT,
  ids: Int32Array,
  { positions, masked }: { positions: boolean; masked: boolean },
): Promise<Matrix> {
  const { backend } = model.tokens.weight;
  const T = ids.length;
  using out = tidy(() => {
    const row = Tensor.from(backend, ids, [1, T]);
    const x = positions ? model.embed(row) : model.tokens.forward(row);
    const [block] = model.blocks;
    const { q, k, v, scale } = headOf(block!, x, 0);
    const scores = mul(matmul(q, k, { transposeB: true }), scale);
    return matmul(softmax(masked ? add(scores, causalMask(backend, T)) : scores), v);
  });
  const values = Array.from(await out.data());
  return { rows: T, columns: values.length / T, values };
}
