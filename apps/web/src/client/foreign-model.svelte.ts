import type { ModelRequests } from "../engine/models/model-service.ts";
import type { ModelFacts } from "../engine/models/open.ts";
import { app } from "./app.svelte.ts";
import { inWords } from "./engine.ts";
import type { GivenFile } from "./given-files.ts";

/** The model from elsewhere that is looked into. It stays while other screens are looked at. */
class ForeignModel {
  facts = $state.raw<ModelFacts>();
  /** The tensor that is shown. */
  tensor = $state<string>();
  /** Once its weights are on the backend. */
  loaded = $state.raw<ModelRequests["loadModel"]["result"]>();
  /** What it is to continue. */
  prompt = $state("");
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
      const facts = await engine.ask("openModel", { files });
      this.#show(facts);
      this.told = `${facts.name} is open.`;
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
    this.#show(undefined);
  }

  #show(facts: ModelFacts | undefined): void {
    this.facts = facts;
    this.tensor = undefined;
    this.loaded = undefined;
    this.prompt = "";
  }
}

export const foreignModel = new ForeignModel();
