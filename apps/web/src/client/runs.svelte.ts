import type { RunFacts } from "../engine/runs.ts";
import type { StoreKind } from "../engine/store/store.ts";
import { app } from "./app.svelte.ts";
import { inWords } from "./engine.ts";
import { type GivenFile, readFiles } from "./given-files.ts";
import { download, writeFolder } from "./run-files.ts";

/** The runs that the page keeps, and what can be done with them. Each action tells how it went in `told` or `failure`. */
class KeptRuns {
  list = $state.raw<readonly RunFacts[]>();
  kind = $state.raw<StoreKind>();
  told = $state("");
  failure = $state("");
  busy = $state(false);
  /** The run whose text is to be given, and what that is. */
  wanting = $state.raw<{ readonly name: string; readonly files: string }>();

  /** Reads the list anew. */
  async refresh(): Promise<void> {
    const { kind, runs } = await app.engine!.ask("runs", undefined);
    this.kind = kind;
    this.list = runs;
  }

  open(run: RunFacts): Promise<void> {
    return this.#do(async () => {
      const notes = await app.open(run.name, run.title);
      this.told = [`${run.title} is open at step ${app.status.step}.`, ...notes].join(" ");
    });
  }

  rename(name: string, title: string): Promise<void> {
    return this.#do(async () => void (await app.engine!.ask("renameRun", { name, title })));
  }

  remove(run: RunFacts): Promise<void> {
    return this.#do(async () => {
      await app.engine!.ask("deleteRun", { name: run.name });
      this.told = `${run.title} is deleted.`;
    });
  }

  copy(run: RunFacts): Promise<void> {
    return this.#do(async () => {
      const { name } = await app.engine!.ask("copyRun", { name: run.name });
      this.told = `${name} is a copy of ${run.title}.`;
    });
  }

  takeOut(run: RunFacts, as: "zip" | "files"): Promise<void> {
    return this.#do(async () => {
      const { name, files, command } = await app.engine!.ask("exportRun", { name: run.name, as });
      if (as === "zip") download(files[0]!);
      else if (!(await writeFolder(name, files))) return;
      const where = as === "zip" ? `Unpack ${name}.zip, then go` : "Go";
      this.told = `${where} on with: ${command}`;
    });
  }

  bringIn(given: readonly GivenFile[]): Promise<void> {
    return this.#do(async () => {
      const files = await readFiles(given);
      const engine = await app.whenReady();
      const { name, missing } = await engine.ask("importRun", { files });
      this.told = `${name} is here.`;
      if (missing.length === 0) return;
      const texts = missing.map((f) => `${f.path} (${f.bytes.toLocaleString("en-US")} bytes)`);
      this.wanting = { name, files: texts.join(" and ") };
    });
  }

  giveText(given: readonly GivenFile[]): Promise<void> {
    return this.#do(async () => {
      const { name } = this.wanting!;
      const files = (await readFiles(given)).map((f) => f.bytes);
      await app.engine!.ask("giveText", { name, files });
      this.wanting = undefined;
      this.told = `${name} has its text, and can go on.`;
    });
  }

  async #do(action: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.told = "";
    this.failure = "";
    try {
      await action();
      await this.refresh();
    } catch (error) {
      this.failure = inWords(error);
    } finally {
      this.busy = false;
    }
  }
}

export const keptRuns = new KeptRuns();
