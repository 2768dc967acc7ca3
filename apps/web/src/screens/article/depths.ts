import type { PanelName } from "./panels.ts";

/** What a section is when everything is shown. B texts of T tokens; V ids, C columns, H heads of D = C / H. */
export interface Everything {
  readonly shapes: string;
  readonly formula: string;
  /** The operation as the library calls it. */
  readonly code: string;
}

export const everything: Readonly<Record<PanelName, Everything>> = {
  tokens: {
    shapes: "text → (T)",
    formula: "decode(encode(text)) = text",
    code: "tokenizer.encode(text)",
  },
  embedding: {
    shapes: "(T, V) · (V, C) → (T, C)",
    formula: "x_t = onehot(id_t) · W",
    code: "gather(table, ids)",
  },
  positions: {
    shapes: "(T, C)",
    formula: "p_t = sin(t / 10000^(2i/C)) in column 2i, cos in column 2i + 1",
    code: "sinusoids(T, C)",
  },
  matrix: {
    shapes: "(T, C) + (T, C) → (T, C)",
    formula: "x = tokens + places",
    code: "add(gather(table, ids), slice(places, 0, 0, T))",
  },
  block: {
    shapes: "(T, D) · (D, T) → (T, T) · (T, D) → (T, D)",
    formula: "softmax(q·kᵀ / √D + mask) · v",
    code: "matmul(softmax(add(mul(matmul(q, k, { transposeB: true }), 1 / Math.sqrt(D)), mask)), v)",
  },
  output: {
    shapes: "(T, C) · (C, V) → (T, V)",
    formula: "p = softmax(x·Wᵀ / temperature)",
    code: "softmax(mul(matmul(x, table, { transposeB: true }), 1 / temperature))",
  },
  loss: {
    shapes: "(T, V), (T) → ()",
    formula: "−1/T · Σ log p_t[target_t]",
    code: "crossEntropyLoss(logits, targets)",
  },
  descent: {
    shapes: "() → the shape of each weight",
    formula: "θ ← θ − η·∂loss/∂θ",
    code: "new SGD(weights).step(valueAndGrad(loss, weights).grads, rate)",
  },
  scale: {
    shapes: "N weights, n tokens → FLOP",
    formula: "6·N·n",
    code: "plan(config, { tokens })",
  },
};
