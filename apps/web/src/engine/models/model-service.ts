import type { Asked, Engine, Handlers } from "../engine.ts";
import type { GivenBlob } from "./files.ts";
import type { StoredLook } from "./look-stored.ts";
import type { HeldModel, ModelFacts } from "./open.ts";

export interface ModelRequests {
  /** Opens a model of elsewhere, in the place of the one before: a folder or a file. Nothing of it is copied. */
  openModel: {
    params: { readonly files: readonly GivenBlob[] };
    result: ModelFacts;
  };
  /** A tensor of it. */
  lookStored: { params: { readonly name: string }; result: StoredLook };
  closeModel: { params: undefined; result: undefined };
}

/** Models of elsewhere, looked into. What reads their files is loaded when the first is opened. */
export function modelService(_engine: Engine): Pick<Handlers, keyof ModelRequests> {
  let held: HeldModel | undefined;

  const theHeld = (): HeldModel => {
    if (!held) throw new Error("no model is open; open a folder or a file");
    return held;
  };
  const close = async () => {
    const before = held;
    held = undefined;
    await before?.store.close();
  };

  return {
    async openModel({ files }) {
      const [{ modelAmong }, { openModel }] = await Promise.all([
        import("./files.ts"),
        import("./open.ts"),
      ]);
      const opened = await openModel(modelAmong(files));
      await close(); // not before: what cannot be opened takes nothing away
      held = opened;
      return opened.facts;
    },

    async lookStored({ name }, { signal }: Asked) {
      const { lookStored } = await import("./look-stored.ts");
      const { store } = theHeld();
      const stored = store.tensors.get(name);
      if (!stored) throw new RangeError(`${store.name} has no tensor ${name}; choose another`);
      return lookStored(stored, signal);
    },

    async closeModel() {
      await close();
      return undefined;
    },
  };
}
