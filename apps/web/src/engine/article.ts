import type { GPTConfig } from "@muladd/gpt";
import type { BlockRow } from "./block-row.ts";
import type { Engine, Handlers } from "./engine.ts";
import type { Cut, Cutting } from "./merges.ts";
import type { ShuffleChoice, Shuffled } from "./shuffle.ts";

/** Which text, and which moment of the clock. */
export interface About {
  readonly text: string;
  readonly moment?: number | undefined;
}

/** What every answer about the model says of it. */
export interface Facts {
  /** Steps it was trained for; absent: nothing is trained, this is a `tiny` one with random weights. */
  readonly step?: number;
  readonly vocabulary: number;
  readonly width: number;
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  /** The text, or as much of its end as fits the context. */
  readonly tokens: readonly { readonly id: number; readonly text: string }[];
  readonly cut: boolean;
}

/** Rows of a matrix, in row-major order. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
}

export interface OutputChoice {
  readonly temperature: number;
  readonly topK?: number | undefined;
  readonly topP: number;
  readonly seed: number;
}

/** A token that could come next. */
export interface Next {
  readonly id: number;
  readonly text: string;
  readonly logit: number;
  /** Softmax of the logits, before temperature and filters. */
  readonly model: number;
  /** After them; 0: cut off. */
  readonly probability: number;
}

export interface ArticleRequests {
  articleTokens: { params: Cutting; result: Cut };
  articleEmbedding: {
    params: About & { readonly token: number };
    result: Facts & {
      /** Which token of the text. */
      readonly token: number;
      readonly id: number;
      /** The whole table, or the rows around the id. */
      readonly table: Matrix;
      readonly firstRow: number;
      /** One-hot × table, computed as a product. */
      readonly product: readonly number[];
      /** Between the product and the row that was looked up. */
      readonly difference: number;
    };
  };
  articlePositions: {
    params: { readonly moment?: number | undefined };
    result: {
      readonly step?: number;
      readonly sinusoidal: Matrix;
      readonly learned: Matrix;
      /** Whether the model on the page has the learned table; else it is one with random weights. */
      readonly own: boolean;
    };
  };
  articleShuffle: { params: About & ShuffleChoice; result: Facts & Shuffled };
  articleMatrix: {
    /** How many blocks it has passed. */
    params: About & { readonly blocks: number };
    result: Facts & {
      readonly x: Matrix;
      /** What was added last: the vectors of tokens and of places, or what went into the last block and what that added. */
      readonly parts: readonly { readonly name: string; readonly matrix: Matrix }[];
    };
  };
  articleBlock: {
    params: About & { readonly layer: number; readonly head: number; readonly row: number };
    result: Facts & BlockRow;
  };
  articleOutput: {
    params: About & OutputChoice;
    result: Facts & {
      /** All, the likeliest first. */
      readonly next: readonly Next[];
      readonly largest: number;
      readonly greedy: number;
      readonly sampled: number;
    };
  };
  articleLoss: {
    params: About;
    result: Facts & {
      readonly next: readonly { readonly id: number; readonly text: string; readonly p: number }[];
      /** The mean −log p of each token of the text from those before it; absent for a text of one token. */
      readonly mean?: number;
      /** ln V. */
      readonly unsure: number;
    };
  };
  /** The model's sizes, and the tokens that its whole run takes. */
  articleModel: {
    params: undefined;
    result: { readonly step?: number; readonly config: GPTConfig; readonly tokens: number };
  };
  /** FLOP/s of this device, from products of matrices that are timed. */
  articleSpeed: {
    params: undefined;
    result: { readonly flops: number; readonly backend: string; readonly size: number };
  };
}

export type ArticleHandlers = Pick<Handlers, keyof ArticleRequests>;

/** What the article's panels ask. The answers are code of their own, loaded with the first question. */
export function article(engine: Engine): ArticleHandlers {
  let loading: Promise<ArticleHandlers> | undefined;
  const answers = () => {
    loading ??= import("./article-answers.ts").then((module) => module.articleAnswers(engine));
    return loading;
  };
  return {
    articleTokens: async (params, asked) => (await answers()).articleTokens(params, asked),
    articleEmbedding: async (params, asked) => (await answers()).articleEmbedding(params, asked),
    articlePositions: async (params, asked) => (await answers()).articlePositions(params, asked),
    articleShuffle: async (params, asked) => (await answers()).articleShuffle(params, asked),
    articleMatrix: async (params, asked) => (await answers()).articleMatrix(params, asked),
    articleBlock: async (params, asked) => (await answers()).articleBlock(params, asked),
    articleOutput: async (params, asked) => (await answers()).articleOutput(params, asked),
    articleLoss: async (params, asked) => (await answers()).articleLoss(params, asked),
    articleModel: async (params, asked) => (await answers()).articleModel(params, asked),
    articleSpeed: async (params, asked) => (await answers()).articleSpeed(params, asked),
  };
}
