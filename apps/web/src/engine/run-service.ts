import type { FileRecord } from "@muladd/corpus";
import type { Metric } from "@muladd/gpt/train";
import type { Engine, Handlers } from "./engine.ts";
import type { RunSettings, Status } from "./protocol.ts";
import type { RunFacts } from "./runs.ts";
import { filesIn, type NamedBytes, runAmong, zip } from "./store/archive.ts";
import type { StoreKind } from "./store/store.ts";
import { giveFiles, missingFiles } from "./store/text.ts";

/** A run that was opened, with all that a page shows of its past. */
export interface OpenedRun {
  readonly status: Status;
  readonly settings: RunSettings;
  readonly metrics: readonly Metric[];
  /** Checkpoints that were damaged and passed over. */
  readonly notes: readonly string[];
}

/** A run on its way out. */
export interface Exported {
  readonly name: string;
  /** One .zip, or every file of the folder. */
  readonly files: readonly NamedBytes[];
  /** How the command goes on with it, once it is there. */
  readonly command: string;
}

export interface RunRequests {
  /** The runs that are kept, newest first, and how long they stay. */
  runs: {
    params: undefined;
    result: { readonly kind: StoreKind; readonly runs: readonly RunFacts[] };
  };
  /** Opens a run at its newest checkpoint, paused. */
  openRun: { params: { readonly name: string }; result: OpenedRun };
  renameRun: { params: { readonly name: string; readonly title: string }; result: undefined };
  deleteRun: { params: { readonly name: string }; result: undefined };
  copyRun: { params: { readonly name: string }; result: { readonly name: string } };
  exportRun: {
    params: { readonly name: string; readonly as: "zip" | "files" };
    result: Exported;
  };
  /** Takes a run from a .zip or from the files of a folder. Answers what of its text is not with it. */
  importRun: {
    params: { readonly files: readonly NamedBytes[] };
    result: { readonly name: string; readonly missing: readonly FileRecord[] };
  };
  /** Gives a run the text it began with. */
  giveText: {
    params: { readonly name: string; readonly files: readonly Uint8Array[] };
    result: undefined;
  };
}

/** Runs: kept, opened, brought in and out. */
export function runService(engine: Engine): Pick<Handlers, keyof RunRequests> {
  /** The folder of a run, saved as it is now when it is at hand: what cannot be kept is in that one's memory. */
  const folderOf = async (name: string) => {
    if (engine.current !== name) return engine.runs.folder(name);
    await engine.save();
    return engine.session.run!.folder;
  };
  return {
    runs: async () => ({ kind: (await engine.runs.store).kind, runs: await engine.runs.list() }),
    async openRun({ name }) {
      const notes: string[] = [];
      const { run, recipe } = await engine.resume(name, (note) => notes.push(note));
      return { status: engine.status, settings: recipe.settings, metrics: run.metrics, notes };
    },
    async renameRun({ name, title }) {
      await engine.runs.rename(name, title);
      return undefined;
    },
    async deleteRun({ name }) {
      if (engine.current === name) await engine.close();
      await engine.runs.remove(name);
      return undefined;
    },
    async copyRun({ name }) {
      const files = await filesIn(await folderOf(name));
      return { name: await engine.runs.add(name, new Map(files.map((f) => [f.path, f.bytes]))) };
    },
    async exportRun({ name, as }) {
      const files = await filesIn(await folderOf(name));
      const texts = files.filter((f) => f.path.startsWith("text/")).map((f) => `${name}/${f.path}`);
      const command = ["muladd train", ...texts, "--resume", name].join(" ");
      if (as === "files") return { name, files, command };
      return { name, files: [{ path: `${name}.zip`, bytes: await zip(name, files) }], command };
    },
    async importRun({ files: given }) {
      const { name: wish, files, source } = await runAmong(given);
      const name = await engine.runs.add(wish, files);
      const folder = await engine.runs.folder(name);
      return { name, missing: await missingFiles(folder, source) };
    },
    async giveText({ name, files }) {
      await giveFiles(await engine.runs.folder(name), await engine.runs.sourceOf(name), files);
      return undefined;
    },
  };
}
