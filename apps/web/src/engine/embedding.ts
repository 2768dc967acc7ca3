import type { GPT } from "@muladd/gpt";
import { LearnedPositions, SinusoidalPositions } from "@muladd/nn";
import { Tensor, tidy } from "@muladd/tensor";
import { labels } from "./encode.ts";
import type { LookAnswer, LookParams } from "./inspect.ts";
import type { Weights } from "./moments.ts";
import { type Neighbour, nearestRows, type Plane, principalPlane, project } from "./pca.ts";
import type { Session } from "./session.ts";

export type EmbeddingKind = "tokens" | "positions" | "hidden";

export interface EmbeddingParams extends LookParams {
  readonly kind: EmbeddingKind;
  readonly picked: number;
}

export interface EmbeddingLook {
  readonly step: number;
  readonly labels: readonly string[];
  /** Rows that are not shown, since there are too many. */
  readonly left: number;
  /** (n, 2): places in the plane. */
  readonly places: Float32Array;
  /** Of most variance of the newest weights, so that the clock moves points and not axes. */
  readonly plane: Plane;
  /** Of the picked row, by cosine in all dimensions. */
  readonly neighbours: readonly Neighbour[];
}

export interface TrailParams {
  readonly text: string;
  readonly kind: EmbeddingKind;
  /** As {@link EmbeddingLook} has it. */
  readonly plane: Plane;
}

/** The places, (n, 2), at a moment. */
export interface Trail {
  readonly step: number;
  readonly places: Float32Array;
}

const MOST_POINTS = 2000;
const NEIGHBOURS = 8;

/** Rows of numbers on the host. */
interface Rows {
  readonly data: Float32Array;
  readonly n: number;
}

const first = (data: Float32Array, C: number): Rows => {
  const n = Math.min(data.length / C, MOST_POINTS);
  return { data: data.subarray(0, n * C), n };
};

/** Maps the rows of one kind at the answer's moment; the session is the caller's alone meanwhile. */
export async function embedding(
  session: Session,
  { kind, picked, moment }: EmbeddingParams,
  { ids, tokens, step }: LookAnswer,
): Promise<EmbeddingLook> {
  const { recipe, model } = session;
  const { width: C, vocabulary, context } = recipe.model;
  const now = await rowsOf(model, kind, ids);
  const shown = moment === undefined ? now : await rowsOf(await session.modelAt(moment), kind, ids);
  const plane = principalPlane(now.data, now.n, C);
  const count = { tokens: vocabulary, positions: context, hidden: ids.length }[kind];
  const all = Array.from({ length: shown.n }, (_, i) => i);
  const at = Math.min(Math.max(picked, 0), shown.n - 1);
  return {
    step,
    labels:
      kind === "tokens"
        ? labels(recipe.tokenizer, all)
        : kind === "positions"
          ? all.map(String)
          : tokens,
    left: count - shown.n,
    places: project(shown.data, shown.n, plane),
    plane,
    neighbours: nearestRows(shown.data, shown.n, C, at, NEIGHBOURS),
  };
}

/** Of the last text that each moment read. By the weights themselves: after going back, the same step has others. */
const hidden = new WeakMap<Weights, { readonly text: string; readonly rows: Rows }>();

/** The places at a moment in a plane that was answered before; `undefined` where they were always the same, or it is gone. */
export async function trailAt(
  session: Session,
  step: number,
  { text, kind, plane }: TrailParams,
  ids: readonly number[],
): Promise<Trail | undefined> {
  const weights = await session.moments.at(step);
  if (!weights) return undefined;
  let rows: Rows;
  if (kind === "hidden") {
    const known = hidden.get(weights);
    rows = known?.text === text ? known.rows : await rowsOf(await session.modelAt(step), kind, ids);
    hidden.set(weights, { text, rows });
  } else {
    const trained = weights.get(`${kind}.weight`);
    if (!trained) return undefined;
    rows = first(Float32Array.from(trained.data), session.recipe.model.width);
  }
  return { step, places: project(rows.data, rows.n, plane) };
}

async function rowsOf(model: GPT, kind: EmbeddingKind, ids: readonly number[]): Promise<Rows> {
  const { width: C } = model.config;
  const { weight } = model.tokens;
  if (kind === "tokens") return first(Float32Array.from(await weight.data()), C);
  if (kind === "positions") return first(await positionsOf(model), C);
  using states = tidy(() =>
    model.hidden(Tensor.from(weight.backend, Int32Array.from(ids), [1, ids.length])),
  );
  return first(Float32Array.from(await states.data()), C);
}

async function positionsOf({ positions }: GPT): Promise<Float32Array> {
  if (positions instanceof LearnedPositions)
    return Float32Array.from(await positions.weight.data());
  if (positions instanceof SinusoidalPositions)
    return Float32Array.from(await positions.table.data());
  throw new Error("this model has no vectors of positions; look at its tokens");
}
