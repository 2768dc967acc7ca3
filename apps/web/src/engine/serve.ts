import { Engine } from "./engine.ts";
import { failureOf } from "./failures.ts";
import { type FromEngine, PROTOCOL, type ToEngine } from "./protocol.ts";

/** Answers a page's messages with an engine of its own. Returns what to call with each message. */
export function serve(post: (message: FromEngine, transfer?: Transferable[]) => void) {
  const engine = new Engine((event) => post({ v: PROTOCOL, event }));
  const asked = new Map<number, AbortController>();
  const latest = new Map<string, number>();
  return async (message: ToEngine): Promise<void> => {
    if ("cancel" in message) {
      asked.get(message.cancel)?.abort();
      return;
    }
    const { v, id, method, params, latest: group, attached } = message;
    const stop = new AbortController();
    if (group !== undefined) {
      asked.get(latest.get(group) ?? -1)?.abort();
      latest.set(group, id);
    }
    asked.set(id, stop);
    try {
      if (v !== PROTOCOL)
        throw new Error("the page and its engine are of different versions; reload the page");
      const handler = engine.handlers[method] as (p: unknown, a: unknown) => Promise<unknown>;
      const result = await handler(params, {
        signal: stop.signal,
        attached,
        part: (value: unknown) => post({ v: PROTOCOL, id, part: value }),
      });
      post({ v: PROTOCOL, id, result });
    } catch (error) {
      post({ v: PROTOCOL, id, error: failureOf(error) });
    } finally {
      asked.delete(id);
    }
  };
}
