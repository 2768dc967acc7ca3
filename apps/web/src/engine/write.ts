import { type Choice, GPT, generate, type SamplingOptions, writeWeights } from "@muladd/gpt";
import { blank, parametersOf } from "@muladd/nn";
import { dispose } from "@muladd/tensor";
import { showToken } from "@muladd/tokenizer/show";
import { encodeText, labels } from "./encode.ts";
import type { Engine, Handlers } from "./engine.ts";
import type { Session } from "./session.ts";
import { turn } from "./turn.ts";

export interface WriteParams extends SamplingOptions {
  readonly prompt: string;
  /** What was written after the prompt and is to be continued. */
  readonly ids: readonly number[];
  readonly maxTokens: number;
  readonly cache: boolean;
  /** The moment of the clock whose weights write; `undefined`: those of now. */
  readonly moment?: number | undefined;
}

/** A token that was considered. */
export interface WriteCandidate {
  readonly id: number;
  /** On one line: · for a space. */
  readonly token: string;
  /** From 1, by the model's own logits. */
  readonly rank: number;
  readonly logit: number;
  /** By the model's own softmax, before temperature and filters. */
  readonly probability: number;
  /** What it was drawn with: after temperature and filters; 0 where they dropped it. Greedy: 1 for the one, 0 for the rest. */
  readonly chance: number;
}

/** A token that was written: a part of the answer. Its surprise is −ln of its probability. */
export interface WrittenToken extends WriteCandidate {
  readonly candidates: readonly WriteCandidate[];
}

/** How it went. */
export interface Writing {
  /** The step whose weights wrote, whatever was trained meanwhile. */
  readonly step: number;
  readonly count: number;
  /** Tokens a second, of all but the first, which reads the prompt; absent for fewer than two. Waiting for training is not in it. */
  readonly tokensPerSecond?: number;
  /** Tokens of prompt and text at the start, and how many of them the model read. */
  readonly given: number;
  readonly read: number;
}

export interface WriteRequests {
  /** Each token comes as a part, {@link WrittenToken}. */
  write: { params: WriteParams; result: Writing };
  /** The text of ids, and each on one line. */
  writeTokens: {
    params: { readonly prompt: string; readonly ids: readonly number[] };
    result: {
      readonly prompt: readonly string[];
      readonly text: string;
      readonly tokens: readonly string[];
    };
  };
}

/** Candidates that are listed for each token. */
const CANDIDATES = 10;

/** Lets the model on the page continue a text. It writes with a copy of the weights of the moment when it began. */
export function write(engine: Engine): Pick<Handlers, keyof WriteRequests> {
  return {
    async write({ prompt, ids, maxTokens, cache, moment, ...sampling }, { signal, part }) {
      const { session, start, model, step } = await engine.alone(async (session) => {
        const encoded = encodeText(session.recipe.tokenizer, prompt, "the prompt");
        return { session, start: [...encoded, ...ids], ...(await copyAt(session, moment)) };
      });
      const { tokenizer, model: config } = session.recipe;
      let logits: ArrayLike<number> = [];
      const options = {
        ...sampling,
        maxTokens,
        cache,
        candidates: CANDIDATES,
        signal,
        onLogits: (all: ArrayLike<number>) => {
          logits = all;
        },
      };
      const tokens = generate(model, start, options);
      let [count, ms] = [0, 0];
      try {
        for (;;) {
          // A turn for each token: training goes on between them.
          const choice = await session.lock.run(async () => {
            if (engine.session !== session)
              throw new Error("another model took this one's place; write again");
            const began = performance.now();
            const { value } = await tokens.next();
            if (count > 0 && value) ms += performance.now() - began;
            return value;
          });
          if (!choice) break;
          count++;
          part(
            written(choice, logits, sampling.temperature === 0, tokenizer.token.bind(tokenizer)),
          );
          await turn();
        }
      } finally {
        await session.lock.run(async () => {
          await tokens.return();
          dispose(parametersOf(model));
        });
      }
      return {
        step,
        count,
        ...(count > 1 ? { tokensPerSecond: (1000 * (count - 1)) / ms } : {}),
        given: start.length,
        read: Math.min(start.length, config.context),
      };
    },

    async writeTokens({ prompt, ids }) {
      const { tokenizer } = engine.session.recipe;
      const encoded = Array.from(encodeText(tokenizer, prompt, "the prompt"));
      return {
        prompt: labels(tokenizer, encoded),
        text: tokenizer.decode([...encoded, ...ids]),
        tokens: labels(tokenizer, ids),
      };
    },
  };
}

/** A model of its own with the weights of a moment, so that training may go on; the caller's to dispose. */
async function copyAt(
  session: Session,
  moment: number | undefined,
): Promise<{ model: GPT; step: number }> {
  const step = moment ?? session.trainer.step;
  const weights = await session.weightsAt(moment);
  const model = new GPT(session.recipe.model, blank(session.backend));
  writeWeights(model, weights, `step ${step}`);
  return { model, step };
}

/** A choice with the model's own view of it and of the likeliest others. */
export function written(
  choice: Choice,
  logits: ArrayLike<number>,
  greedy: boolean,
  bytes: (id: number) => Uint8Array,
): WrittenToken {
  const norm = logits[choice.id]! - choice.logProbability; // log Σ exp
  const chances = new Map(
    greedy ? [[choice.id, 1]] : choice.candidates.map((c) => [c.id, c.probability]),
  );
  chances.set(choice.id, choice.probability);
  const order = Array.from(logits, (_, id) => id).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const candidate = (id: number, rank: number): WriteCandidate => ({
    id,
    token: showToken(bytes(id)),
    rank,
    logit: logits[id]!,
    probability: Math.exp(logits[id]! - norm),
    chance: chances.get(id) ?? 0,
  });
  return {
    ...candidate(choice.id, order.indexOf(choice.id) + 1),
    candidates: order.slice(0, CANDIDATES).map((id, i) => candidate(id, i + 1)),
  };
}
