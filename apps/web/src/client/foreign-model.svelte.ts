import type { ModelFacts } from "../engine/models/open.ts";
import { app } from "./app.svelte.ts";
import { inWords } from "./engine.ts";
import type { GivenFile } from "./given-files.ts";

/** The model of elsewhere that is looked into. It stays while other screens are looked at. */
class ForeignModel {
  facts = $state.raw<ModelFacts>();
  /** The tensor that is shown. */
  tensor = $state<string>();
  told = $state("");
  failure = $state("");
  busy = $state(false);

  /** What cannot be opened leaves the model before in its place. */
  async open(files: readonly GivenFile[]): Promise<void> {
    this.busy = true;
    this.told = "";
    this.failure = "";
    try {
      const engine = await app.whenReady();
      this.facts = await engine.ask("openModel", { files }, { latest: "openModel" });
      this.tensor = undefined;
      this.told = `${this.facts.name} is open.`;
    } catch (error) {
      this.failure = inWords(error);
    } finally {
      this.busy = false;
    }
  }

  async close(): Promise<void> {
    this.failure = "";
    await app.engine!.ask("closeModel", undefined);
    this.told = `${this.facts?.name} is closed.`;
    this.facts = undefined;
    this.tensor = undefined;
  }
}

export const foreignModel = new ForeignModel();
