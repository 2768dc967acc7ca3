import type { Tokenizer } from "@muladd/tokenizer";
import type { Engine, Handlers } from "./engine.ts";
import type { Status } from "./protocol.ts";
import { keepText, type TextSummary } from "./texts.ts";

/** What the Train screen asks beside start and control. */
export interface TrainRequests {
  /** Text comes beside the question, as a Blob: no page should wait for it. */
  putText: { params: { readonly name: string }; result: TextSummary };
  /** Changes a run while it goes on. */
  setHot: { params: HotSettings; result: Status };
  /** After a failure: on from the last state that was kept, with what is changed. */
  resume: { params: HotSettings; result: Status };
}

export interface HotSettings {
  /** The highest rate from now on; the floor follows. */
  readonly rate?: number;
  readonly clip?: number;
  /** What samples go on with. */
  readonly prompt?: string;
}

export const trainService = (engine: Engine): Pick<Handlers, keyof TrainRequests> => ({
  async putText({ name }, { attached }) {
    if (!attached) throw new Error("no text came with the question");
    return keepText(attached, name);
  },
  async setHot(hot) {
    await engine.alone(({ trainer, recipe }) => {
      trainer.adjust(hot);
      if (hot.prompt !== undefined)
        engine.training.prompt = promptFor(recipe.tokenizer, hot.prompt);
    });
    return engine.status;
  },
  resume: (hot) =>
    engine.change(async () => {
      const { prompt } = engine.training;
      await engine.training.stop();
      await engine.alone((session) => {
        session.goBack();
        session.trainer.adjust(hot);
      });
      engine.trainAnew();
      engine.training.prompt = prompt;
      engine.training.go();
      return engine.status;
    }),
});

/** What the tokenizer knows of a text; a line break, or the first token, where that is nothing. */
export function promptFor(tokenizer: Tokenizer, text: string): string {
  const knows = (part: string) => {
    try {
      return tokenizer.encode(part, { disallowedSpecial: [] }).length > 0;
    } catch {
      return false;
    }
  };
  if (knows(text)) return text;
  const known = [...text].filter(knows).join("");
  if (known !== "") return known;
  return knows("\n") ? "\n" : tokenizer.decode([0]);
}
