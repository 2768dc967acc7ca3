import { app } from "../../client/app.svelte.ts";
import { EngineError } from "../../client/engine.ts";
import type { Method, Requests } from "../../engine/protocol.ts";

/** Between two looks at a model that is training, in ms: each look takes time from it. */
const LOOK_EVERY = 1000;

/** The newest answer to a question, asked again whenever what it asks for, or the model, changes. */
export interface Live<M extends Method> {
  readonly value: Requests[M]["result"] | undefined;
  readonly failure: string;
}

/**
 * Asks while a component lives and `active` says that it is seen. The answer before stays until the next one is there. To be
 * called while the component is made.
 */
export function live<M extends Method>(
  method: M,
  params: () => Requests[M]["params"],
  active: () => boolean,
): Live<M> {
  let value = $state.raw<Requests[M]["result"]>();
  let failure = $state("");
  let looks = $state(0);

  $effect(() => {
    if (!app.training || !active()) return;
    const timer = setInterval(() => looks++, LOOK_EVERY);
    return () => clearInterval(timer);
  });
  const resting = $derived(app.training ? undefined : app.status.step);
  $effect(() => {
    void [looks, resting, app.status.runId, app.ladder];
    const asked = params();
    if (!active() || !app.engine) return;
    let over = false;
    app.engine.ask(method, asked, { latest: `article ${method}` }).then(
      (found) => {
        if (!over) [value, failure] = [found, ""];
      },
      (error: Error) => {
        const remedy = error instanceof EngineError ? error.failure.remedy : undefined;
        if (!over) failure = [error.message, remedy].filter(Boolean).join("; ");
      },
    );
    return () => {
      over = true;
    };
  });

  return {
    get value() {
      return value;
    },
    get failure() {
      return failure;
    },
  };
}
