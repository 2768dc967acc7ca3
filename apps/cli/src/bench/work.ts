import { type AttentionAttrs, type Event, size } from "@muladd/tensor";

/** What an op must do at least. */
export interface Work {
  /** Of its products; 0 for ops whose time is that of their memory. */
  readonly flop: number;
  /** Read and written once. */
  readonly bytes: number;
}

const WORD = 4;
const elements = (tensors: Event["outs"]): number => tensors.reduce((n, t) => n + size(t.shape), 0);
const all = ({ inputs, outs }: Event): number => WORD * (elements(inputs) + elements(outs));

/** Products of queries with the keys that they see, for every head and batch, times the width of a head: B·H·T·S·D. */
function attended({ inputs, attrs }: Event): number {
  const { causal, keys, window, heads, keyHeads } = attrs as AttentionAttrs; // an event does not say whose they are
  const [q, k] = inputs;
  const [B, T, W] = q!.shape as [number, number, number];
  // Packed, the second input is none of the operands: of attention there is none, of its gradient it is the result.
  const packed = k === undefined || inputs.length === 4;
  const width = packed ? (W * heads) / (heads + 2 * keyHeads) : W;
  const S = keys ?? (packed ? T : k.shape[1]!);
  if (!causal) return B * width * T * S;
  // The last query sees `most`, those before it each one less, where that is fewer.
  const most = Math.min(window ?? S, S);
  const short = Math.max(0, Math.min(T - 1, most - (S - T) - 1));
  return B * width * (T * most - (short * (short + 1)) / 2);
}

/** Ops that multiply, and those that touch less than the whole of what they are given. */
const rows: Readonly<Record<string, (event: Event) => Partial<Work>>> = {
  matmul: ({ inputs: [a], outs, attrs }) => {
    const { transposeA } = attrs as { readonly transposeA?: boolean };
    return { flop: 2 * elements(outs) * a!.shape.at(transposeA ? -2 : -1)! };
  },
  linear: ({ inputs: [x], outs: [y] }) => ({ flop: 2 * size(y!.shape) * x!.shape.at(-1)! }),
  // Logits, and where a gradient is recorded two products as large.
  linearCrossEntropy: ({ inputs: [hidden, weight], outs }) => ({
    flop: (outs.length > 1 ? 6 : 2) * size(hidden!.shape) * weight!.shape[0]!,
  }),
  attention: (event) => ({ flop: 4 * attended(event) }), // q·kᵀ and its softmax · v
  attentionGrad: (event) => ({ flop: 10 * attended(event) }), // q·kᵀ again, g·vᵀ, and one for each gradient
  gather: ({ outs }) => ({ bytes: 2 * WORD * elements(outs) }),
  slice: ({ outs }) => ({ bytes: 2 * WORD * elements(outs) }),
};

/** The least work of an op, by its shapes. */
export const workOf = (event: Event): Work => ({
  flop: 0,
  bytes: all(event),
  ...rows[event.op]?.(event),
});
