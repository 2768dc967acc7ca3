import {
  attentionEntropy,
  attentionMaps,
  type GPT,
  logitLens,
  type Statistics,
  statistics,
  toHost,
} from "@muladd/gpt";
import { type Looked, lookAtLoss } from "@muladd/gpt/train";
import { dispose, type HostTensor } from "@muladd/tensor";
import {
  type EmbeddingLook,
  type EmbeddingParams,
  embedding,
  type Trail,
  type TrailParams,
  trailAt,
} from "./embedding.ts";
import { labels, type Reading, readText } from "./encode.ts";
import type { Asked, Engine, Handlers } from "./engine.ts";
import type { Session } from "./session.ts";
import { type Shrunk, shrink } from "./shrink.ts";
import { turn } from "./turn.ts";

/** A text, read by the model at a moment of the clock. */
export interface LookParams {
  readonly text: string;
  readonly moment?: number | undefined;
}

/** What every answer says: of which step, and of which tokens. */
export interface LookAnswer extends Reading {
  readonly step: number;
}

export interface AttentionLook extends LookAnswer {
  readonly heads: number;
  /** For each layer (H, T, T): a row for each query. */
  readonly maps: readonly Float32Array[];
  /** Bits, by layer and head: the mean over queries. */
  readonly entropy: readonly (readonly number[])[];
}

export interface LensLook extends LookAnswer {
  /** For each row, "before block 1" … "after block n", a cell for each position. */
  readonly rows: readonly {
    readonly name: string;
    readonly cells: readonly LensCell[];
  }[];
}

export interface LensCell {
  /** What the model would write next, and how sure it would be. */
  readonly token: string;
  readonly probability: number;
  /** Of the token that really follows, from 1; absent at the end. */
  readonly rank?: number;
}

/** A tensor as it is shown. */
export interface TensorView {
  readonly statistics: Statistics;
  readonly heatmap: Shrunk;
}

export interface TensorLook extends LookAnswer {
  readonly loss: number;
  readonly list: readonly {
    readonly name: string;
    readonly kind: Looked["kind"];
    readonly shape: readonly number[];
  }[];
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: TensorView;
  readonly gradient?: TensorView;
}

export interface InspectRequests {
  lookAttention: { params: LookParams; result: AttentionLook };
  lookEmbedding: { params: EmbeddingParams; result: EmbeddingLook };
  /** Where its points were at every moment that is kept, oldest first. Each takes a turn: training goes on between them. */
  lookTrails: { params: TrailParams; result: readonly Trail[] };
  lookLens: { params: LookParams; result: LensLook };
  lookTensor: { params: LookParams & { readonly name?: string | undefined }; result: TensorLook };
}

/** Tokens that are shown at most: a map of more is grey to the eye, and slow to send. */
const MOST_TOKENS = 128;
export const BINS = 24;

/** Looks into the model on the page, or as it was. Each look takes one turn of the model. */
export function inspect(engine: Engine): Pick<Handlers, keyof InspectRequests> {
  /** Answers `look` in its turn, unless nobody waits for it any more. */
  const inTurn = <T>(
    { text, moment }: LookParams,
    { signal }: Asked,
    look: (at: { session: Session; model: GPT; answer: LookAnswer }) => Promise<T>,
  ): Promise<T> =>
    engine.alone(async (session) => {
      signal.throwIfAborted();
      const { tokenizer, model: config } = session.recipe;
      const reading = readText(tokenizer, text, Math.min(config.context, MOST_TOKENS));
      const answer = { ...reading, step: moment ?? session.trainer.step };
      return look({ session, model: await session.modelAt(moment), answer });
    });

  return {
    lookAttention: (params, asked) =>
      inTurn(params, asked, async ({ model, answer }) => {
        const maps = await attentionMaps(model, answer.ids);
        const { heads } = model.config;
        const T = answer.ids.length;
        const entropy = maps.map((map) =>
          Array.from({ length: heads }, (_, h) =>
            attentionEntropy(map.subarray(h * T * T, (h + 1) * T * T), T),
          ),
        );
        return { ...answer, heads, maps, entropy };
      }),

    lookEmbedding: (params, asked) =>
      inTurn(params, asked, async ({ session, answer }) => embedding(session, params, answer)),

    async lookTrails(params, asked) {
      const trails: Trail[] = [];
      const { moments } = engine.session;
      for (const step of moments.steps) {
        const trail = await inTurn({ text: params.text }, asked, async ({ session, answer }) =>
          session.moments === moments ? trailAt(session, step, params, answer.ids) : undefined,
        );
        if (trail) trails.push(trail);
        await turn();
      }
      return trails;
    },

    lookLens: (params, asked) =>
      inTurn(params, asked, async ({ session, model, answer }) => {
        const { tokenizer } = session.recipe;
        const V = tokenizer.size;
        const lens = await logitLens(model, answer.ids);
        const rows = lens.map((logits, i) => ({
          name: i < lens.length - 1 ? `before block ${i}` : "the model's answer",
          cells: answer.ids.map((_, t) => {
            const { id, ...cell } = lensCell(
              logits.subarray(t * V, (t + 1) * V),
              answer.ids[t + 1],
            );
            return { token: labels(tokenizer, [id])[0]!, ...cell };
          }),
        }));
        return { ...answer, rows };
      }),

    lookTensor: (params, asked) =>
      inTurn(params, asked, async ({ model, answer }) => {
        const { loss, tensors } = lookAtLoss(model, answer.ids);
        try {
          const list = Array.from(tensors, ([name, { kind, value }]) => ({
            name,
            kind,
            shape: value.shape,
          }));
          const name = tensors.has(params.name ?? "") ? params.name! : list[0]!.name;
          const { value, gradient } = tensors.get(name)!;
          return {
            ...answer,
            loss: await loss.item(),
            list,
            name,
            shape: value.shape,
            value: view(await toHost(value)),
            ...(gradient ? { gradient: view(await toHost(gradient)) } : {}),
          };
        } finally {
          loss[Symbol.dispose]();
          for (const { kind, value, gradient } of tensors.values())
            dispose(kind === "parameter" ? gradient : [value, gradient]);
        }
      }),
  };
}

const view = (tensor: HostTensor): TensorView => ({
  statistics: statistics(tensor, BINS),
  heatmap: shrink(tensor),
});

function lensCell(logits: Float32Array, next: number | undefined) {
  let id = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v]! > logits[id]!) id = v;
  let total = 0;
  let rank = 1;
  for (const x of logits) {
    total += Math.exp(x - logits[id]!);
    if (next !== undefined && x > logits[next]!) rank++;
  }
  return { id, probability: 1 / total, ...(next === undefined ? {} : { rank }) };
}
