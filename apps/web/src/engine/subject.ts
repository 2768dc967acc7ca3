import { GPT, preset, presetConfig } from "@muladd/gpt";
import type { TrainingConfig } from "@muladd/gpt/train";
import { init } from "@muladd/nn";
import type { Backend } from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import { makeTokenizer, readData } from "./data.ts";
import type { Engine } from "./engine.ts";
import type { Session } from "./session.ts";

/** What a question looks at: the model on the page or, before there is one, a `tiny` one with random weights. */
export interface Subject {
  readonly model: GPT;
  readonly tokenizer: Tokenizer;
  /** Text as the tokenizer was learned from, or its beginning. */
  readonly text: () => string;
  /** How it is trained, or would be. */
  readonly training: Pick<TrainingConfig, "steps" | "batch" | "accumulate">;
  /** Steps it was trained for; `undefined`: nothing is trained, this is a `tiny` one with random weights. */
  readonly step: number | undefined;
  /** The run it is of; `undefined` as long as there is none. */
  readonly session: Session | undefined;
}

/** Where a model is found. */
export type Host = Pick<Engine, "backend" | "current" | "lock" | "session">;

/** As much text as the article learns a tokenizer from: a moment's work. */
const CHARACTERS = 200_000;

/** Finds the model for a question: the one on the page, or as long as there is none, a `tiny` one with random weights. */
export class Subjects {
  readonly #host: Host;
  #fresh: { readonly backend: Backend; readonly subject: Subject } | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The run at hand; `undefined` as long as there is none. */
  get session(): Session | undefined {
    return this.#host.current === undefined ? undefined : this.#host.session;
  }

  /** Runs `body` with the model, as it was at `moment`; training waits meanwhile. */
  with<T>(moment: number | undefined, body: (subject: Subject) => Promise<T>): Promise<T> {
    return this.#host.lock.run(async () => {
      const { session } = this;
      if (!session) return body(await this.#tiny());
      const { tokenizer, split } = session.recipe;
      return body({
        model: await session.modelAt(moment),
        tokenizer,
        training: session.recipe.training,
        text: () => tokenizer.decode(split.train.subarray(0, CHARACTERS)),
        step: moment ?? session.trainer.step,
        session,
      });
    });
  }

  async #tiny(): Promise<Subject> {
    const { backend } = this.#host;
    if (this.#fresh?.backend === backend) return this.#fresh.subject;
    // The backend before was disposed, and the weights with it.
    const { text } = await readData({ kind: "stories", characters: CHARACTERS });
    const tokenizer = await makeTokenizer("char", text);
    const tiny = preset("tiny");
    const config = presetConfig(tiny, { vocabulary: tokenizer.size });
    const model = new GPT(config, init(backend, 0));
    const { training } = tiny;
    const untrained = { step: undefined, session: undefined };
    const subject = { model, tokenizer, training, text: () => text, ...untrained };
    this.#fresh = { backend, subject };
    return subject;
  }
}
