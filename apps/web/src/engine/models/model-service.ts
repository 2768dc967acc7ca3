import type { WeightFormat } from "@muladd/nn";
import type { Asked, Engine, Handlers } from "../engine.ts";
import type { GivenBlob } from "./files.ts";
import type { StoredLook } from "./look-stored.ts";
import type { HeldModel, ModelFacts } from "./open.ts";
import type { ContinueParams, LoadedModel, Room } from "./run-model.ts";

export interface ModelRequests {
  /** Opens a model from elsewhere, in the place of the one before: a folder or a file. Nothing of it is copied. */
  openModel: { params: { readonly files: readonly GivenBlob[] }; result: ModelFacts };
  /** A tensor of it. */
  lookStored: { params: { readonly name: string }; result: StoredLook };
  /** What it would take to run it, and what there is. Fails when its configuration is not known. */
  modelRoom: { params: undefined; result: Room };
  /** Loads it on the backend in use. Parts are LoadProgress. */
  loadModel: {
    params: { readonly weights: WeightFormat };
    result: { readonly hasTokenizer: boolean; readonly notes: readonly string[] };
  };
  /** Lets it write. Parts are Continued. */
  continueModel: { params: ContinueParams; result: undefined };
  closeModel: { params: undefined; result: undefined };
}

/** Models from elsewhere, looked into and tried. What reads their files is loaded when the first is opened. */
export function modelService(engine: Engine): Pick<Handlers, keyof ModelRequests> {
  let held: HeldModel | undefined;
  let loaded: LoadedModel | undefined;

  const theHeld = (): HeldModel => {
    if (!held) throw new Error("no model is open; open a folder or a file");
    return held;
  };
  /** Part of a turn of {@link Engine.lock}. A backend that was left took its weights along. */
  const unload = async () => {
    const before = loaded;
    loaded = undefined;
    if (before && before.backend === engine.backend) (await import("./reading.ts")).unload(before);
  };
  const close = async () => {
    const before = held;
    held = undefined;
    await engine.lock.run(unload);
    await before?.store.close();
  };

  return {
    async openModel({ files }) {
      const { modelAmong, openModel } = await import("./reading.ts");
      const opened = await openModel(modelAmong(files));
      await close(); // not before: what cannot be opened takes nothing away
      held = opened;
      return opened.facts;
    },

    async lookStored({ name }, { signal }: Asked) {
      const { lookStored } = await import("./reading.ts");
      const { store } = theHeld();
      const stored = store.tensors.get(name);
      if (!stored) throw new RangeError(`${store.name} has no tensor ${name}; choose another`);
      return lookStored(stored, signal);
    },

    async modelRoom() {
      const { roomFor } = await import("./reading.ts");
      const { known } = theHeld().facts;
      if (!known) throw new Error("its configuration is not known; open its config.json with it");
      return roomFor(known.config, engine.backend);
    },

    async loadModel({ weights }, { part }) {
      const { loadModel } = await import("./reading.ts");
      const model = theHeld();
      return engine.lock.run(async () => {
        await unload();
        loaded = await loadModel(engine.backend, model, weights, part);
        return { hasTokenizer: loaded.tokenizer !== undefined, notes: loaded.notes };
      });
    },

    async continueModel(params, asked) {
      const { continueText } = await import("./reading.ts");
      const model = loaded;
      if (!model) throw new Error("the model is not loaded; load it");
      const alone = <T>(body: () => Promise<T>): Promise<T> =>
        engine.lock.run(() => {
          if (loaded !== model || model.backend !== engine.backend)
            throw new Error("the model is not on the backend in use any more; load it anew");
          return body();
        });
      await continueText(model, params, alone, asked);
      return undefined;
    },

    async closeModel() {
      await close();
      return undefined;
    },
  };
}
