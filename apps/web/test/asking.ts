import type { Folder } from "@muladd/gpt/train";
import { Engine } from "../src/engine/engine.ts";
import type { EngineEvent, Method, Requests, RunSettings } from "../src/engine/protocol.ts";
import { memoryStore } from "../src/engine/store/memory.ts";
import type { Store } from "../src/engine/store/store.ts";

/** An engine in this process, and what it told. */
export function engineOn(store: Store = memoryStore()) {
  const events: EngineEvent[] = [];
  const engine = new Engine((event) => events.push(event), store);
  const ask = <M extends Method>(
    method: M,
    params: Requests[M]["params"],
  ): Promise<Requests[M]["result"]> => {
    const handler = engine.handlers[method] as (
      params: Requests[M]["params"],
      asked: unknown,
    ) => Promise<Requests[M]["result"]>;
    return handler(params, { signal: new AbortController().signal, part: () => {} });
  };
  /** Waits until `done`; throws when training fails before. */
  const until = async (done: () => boolean) => {
    while (!done()) {
      const { failure } = engine.status;
      if (failure) throw new Error(failure.message);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return {
    engine,
    events,
    ask,
    until,
    /** Trains to exactly `step`, step by step, and saves. */
    async trainTo(step: number) {
      while (engine.status.step < step) {
        const next = engine.status.step + 1;
        await ask("control", { action: "step" });
        await until(() => engine.status.step >= next && engine.status.phase !== "training");
      }
      await engine.save();
    },
  };
}

/** A store whose folders have some of their functions replaced. */
export const storeWith = (inner: Store, over: (folder: Folder) => Partial<Folder>): Store => ({
  ...inner,
  folder(name) {
    const folder = inner.folder(name);
    return { ...folder, ...over(folder) };
  },
});

/** A store that has no room for anything while `full()`. */
export const fullStore = (inner: Store, full: () => boolean): Store =>
  storeWith(inner, (folder) => ({
    async write(path, bytes) {
      if (full()) throw new DOMException("no room", "QuotaExceededError");
      await folder.write(path, bytes);
    },
  }));

/** A model that trains in no time. */
export const tiny: RunSettings = {
  preset: "tiny",
  data: { kind: "stories", characters: 20_000 },
  tokenizer: "char",
  model: { layers: 1, heads: 2, width: 16, context: 16 },
  training: {
    seed: 3,
    steps: 40,
    schedule: { kind: "cosine", rate: 1e-3, floor: 1e-4, warmup: 0 },
    batch: 4,
    evalEvery: 20,
    evalBatches: 2,
    sampleEvery: 0,
    saveEvery: 10,
  },
};

/** The newest checkpoint of a run, as bytes. */
export async function newest(engine: Engine, name: string): Promise<Uint8Array> {
  const folder = await engine.runs.folder(name);
  const steps = (await folder.list("checkpoints")).map((f) => Number(/\d+/.exec(f)![0]));
  return (await folder.read(`checkpoints/step-${Math.max(...steps)}.safetensors`))!;
}
