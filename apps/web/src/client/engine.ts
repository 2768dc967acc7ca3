import {
  type EngineEvent,
  type Failure,
  type FromEngine,
  type Method,
  PROTOCOL,
  type Requests,
  type ToEngine,
} from "../engine/protocol.ts";
import { plain } from "./plain.ts";

/** What the engine refused or could not do, as it is shown. */
export class EngineError extends Error {
  override name = "EngineError";
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/** What went wrong, and what to do, as a page says it. */
export function inWords(error: unknown): string {
  const remedy = error instanceof EngineError ? error.failure.remedy : undefined;
  return [(error as Error).message, remedy].filter(Boolean).join(": ");
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** A later question of the same group makes this one pointless: the engine stops it where it can. */
  readonly latest?: string;
  /** Called with each part of an answer that comes in parts. */
  readonly onPart?: (part: unknown) => void;
  /** Bytes that go with the question; a Blob is handed over, not copied. */
  readonly attached?: Blob;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onPart: ((part: unknown) => void) | undefined;
}

/** The page's end of the engine: questions with answers, and news. */
export class EngineClient {
  readonly #post: (message: ToEngine) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #last = 0;

  constructor(post: (message: ToEngine) => void) {
    this.#post = post;
  }

  /** Tells of what the engine says; returns how to stop. */
  listen(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Rejects with {@link EngineError}, and with the signal's reason when it is aborted. */
  ask<M extends Method>(
    method: M,
    params: Requests[M]["params"],
    { signal, latest, onPart, attached }: AskOptions = {},
  ): Promise<Requests[M]["result"]> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      this.#waiting.set(id, { resolve, reject, onPart });
      signal?.addEventListener("abort", () => {
        if (!this.#waiting.delete(id)) return;
        this.#post({ v: PROTOCOL, cancel: id });
        reject(signal.reason);
      });
      this.#post({ v: PROTOCOL, id, method, params: plain(params), latest, attached });
    });
  }

  /** To be called with each message of the engine. */
  hear(message: FromEngine): void {
    if ("event" in message) {
      for (const listener of this.#listeners) listener(message.event);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    if ("part" in message) {
      waiting.onPart?.(message.part);
      return;
    }
    this.#waiting.delete(message.id);
    if ("error" in message) waiting.reject(new EngineError(message.error));
    else waiting.resolve(message.result as never);
  }
}

/** An engine in a worker; on this thread where there are no workers (sandboxed frames, files opened from disk). */
export async function startEngine(): Promise<EngineClient> {
  try {
    const worker = new Worker(new URL("../engine/worker.ts", import.meta.url), { type: "module" });
    const client = new EngineClient((message) => worker.postMessage(message));
    worker.onmessage = ({ data }: MessageEvent<FromEngine>) => client.hear(data);
    await new Promise<void>((resolve, reject) => {
      worker.onerror = ({ message }) => reject(new Error(message || "the worker did not start"));
      client.ask("probe", undefined).then(() => resolve(), reject);
    });
    return client;
  } catch (cause) {
    const { serve } = await import("../engine/serve.ts");
    const client: EngineClient = new EngineClient((message) => void answer(message));
    const answer = serve((message) => queueMicrotask(() => client.hear(message)));
    await client.ask("probe", undefined).catch(() => {
      throw cause;
    });
    return client;
  }
}
