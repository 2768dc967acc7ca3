import type { Block } from "@muladd/gpt";
import { add, matmul, mul, reshape, slice, softmax, Tensor, tidy } from "@muladd/tensor";
import type { Matrix } from "./article.ts";

/** One row of one head of attention, operation by operation. D: the head's width; a number for each of T tokens. */
export interface BlockRow {
  readonly layer: number;
  readonly head: number;
  readonly row: number;
  /** The query of the row: D numbers. */
  readonly q: readonly number[];
  /** Keys and values of all tokens, (T, D). */
  readonly k: Matrix;
  readonly v: Matrix;
  /** q · kᵀ */
  readonly scores: readonly number[];
  /** ÷ √D, as a rule. */
  readonly scaled: readonly number[];
  /** −∞ for tokens that come later. */
  readonly masked: readonly number[];
  /** Softmax of these. */
  readonly weights: readonly number[];
  /** Their sum. */
  readonly sum: number;
  /** The values, mixed by them: D numbers. */
  readonly mixed: readonly number[];
}

/** Queries, keys and values (T, D) of a head, from x (1, T, C) that enters the block. To be called inside of tidy. */
export function headOf(block: Block, x: Tensor, head: number) {
  const [, T = 0] = x.shape;
  const { heads, keyHeads, headWidth: D, scale = 1 / Math.sqrt(D) } = block.attention;
  const normed = block.normPlace === "before" ? block.norm1.forward(x) : x;
  const [q, k, v] = block.attention.project(normed);
  const part = (of: Tensor, head: number) =>
    reshape(slice(of, 2, head * D, (head + 1) * D), [T, D]);
  const shared = Math.floor((head * keyHeads) / heads);
  return { q: part(q, head), k: part(k, shared), v: part(v, shared), T, scale };
}

/** (T, T): 0 where a token may look, −∞ above the diagonal, and before the window where there is one. */
export const causalMask = (backend: Tensor["backend"], T: number, window = T): Tensor =>
  Tensor.from(
    backend,
    Float32Array.from({ length: T * T }, (_, i) => {
      const ago = Math.floor(i / T) - (i % T);
      return ago >= 0 && ago < window ? 0 : -Infinity;
    }),
    [T, T],
  );

/** x (1, T, C), what enters the block → the operations of one row. */
export async function blockRow(
  block: Block,
  x: Tensor,
  { layer, head, row }: { readonly layer: number; readonly head: number; readonly row: number },
): Promise<BlockRow> {
  const tensors = tidy(() => {
    const { q, k, v, T, scale } = headOf(block, x, head);
    const scores = matmul(q, k, { transposeB: true });
    const scaled = mul(scores, scale);
    const masked = add(scaled, causalMask(x.backend, T, block.attention.window));
    const weights = softmax(masked);
    return { q, k, v, scores, scaled, masked, weights, mixed: matmul(weights, v) };
  });
  const read = async (t: Tensor): Promise<Matrix> => {
    using tensor = t;
    const [rows = 0, columns = 0] = tensor.shape;
    return { rows, columns, values: Array.from(await tensor.data()) };
  };
  const rowOf = async (t: Tensor) => {
    const { columns, values } = await read(t);
    return values.slice(row * columns, (row + 1) * columns);
  };
  const weights = await rowOf(tensors.weights);
  return {
    layer,
    head,
    row,
    q: await rowOf(tensors.q),
    k: await read(tensors.k),
    v: await read(tensors.v),
    scores: await rowOf(tensors.scores),
    scaled: await rowOf(tensors.scaled),
    masked: await rowOf(tensors.masked),
    weights,
    sum: weights.reduce((a, b) => a + b, 0),
    mixed: await rowOf(tensors.mixed),
  };
}
