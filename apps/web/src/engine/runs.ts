import { type DataRecord, type Source, SPLIT } from "@muladd/corpus/record";
import type { GPTConfig } from "@muladd/gpt";
import {
  type Folder,
  type Metric,
  Run,
  type RunConfig,
  RunError,
  splitTokens,
} from "@muladd/gpt/train";
import { Moments } from "./moments.ts";
import type { DataChoice, RunSettings } from "./protocol.ts";
import type { Recipe } from "./session.ts";
import { held, hold, type Release } from "./store/hold.ts";
import { sheltered } from "./store/sheltered.ts";
import { openStore, type Store } from "./store/store.ts";
import { filesOf, keepText, recallText } from "./store/text.ts";
import { keptText } from "./texts.ts";

/** What is known of a run without opening it. */
export interface RunFacts {
  /** Of its folder. */
  readonly name: string;
  /** As its owner calls it. */
  readonly title: string;
  /** When it was begun or brought here, in ms since 1970. */
  readonly begun: number;
  readonly step: number;
  readonly steps: number;
  readonly model?: GPTConfig;
  readonly heldOut?: number;
  /** Whether some tab trains it now. */
  readonly held: boolean;
  /** Why it cannot be opened. */
  readonly damage?: string;
}

/** A run that this page holds, and all to train it with. */
export interface Opened {
  readonly run: Run;
  readonly recipe: Recipe;
  readonly moments: Moments;
  readonly release: Release;
}

/** What the page keeps beside a run; the command passes it over. */
interface Page {
  readonly title: string;
  readonly begun: number;
}

/** Runs that the page keeps, by the names of their folders. */
export class Runs {
  readonly #tell: (failure: Error | undefined) => void;
  #store: Promise<Store> | undefined;

  /** `tell` hears when a file cannot be kept, and `undefined` when all are again. */
  constructor(tell: (failure: Error | undefined) => void, store?: Store) {
    this.#tell = tell;
    this.#store = store && Promise.resolve(store);
  }

  get store(): Promise<Store> {
    this.#store ??= openStore();
    return this.#store;
  }

  async folder(name: string): Promise<Folder> {
    return sheltered((await this.store).folder(name), this.#tell);
  }

  /** Newest first. */
  async list(): Promise<readonly RunFacts[]> {
    const store = await this.store;
    const names = await store.names();
    const busy = await held(names);
    const facts = await Promise.all(
      names.map((name) => factsOf(store.folder(name), busy.has(name))),
    );
    return facts.sort((a, b) => b.begun - a.begun);
  }

  /** Begins a run in a folder of its own, called as its preset. */
  async begin(recipe: Recipe): Promise<Opened> {
    const { settings, record, model, training, tokenizer } = recipe;
    const { name, release } = await this.#free(settings.preset);
    const folder = await this.folder(name);
    // An interface has no index signature, though each of its fields is JSON.
    const data = record as unknown as RunConfig["data"];
    const given = settings.data;
    if (given.kind === "text") await keepText(folder, record.source, given.text);
    if (given.kind === "file")
      await keepText(folder, record.source, keptText(given.id, given.name).text);
    await write(folder, { title: name, begun: Date.now() });
    const run = await Run.create(folder, { model, training, data }, tokenizer);
    return { run, recipe, moments: await Moments.open(run), release };
  }

  /** Opens a run to go on with. Throws {@link RunError} when another tab has it, a part is damaged or its text missing. */
  async open(name: string): Promise<Opened> {
    const release = await hold(name);
    if (!release)
      throw new RunError(
        `${name} is open in another tab; go on there, close that tab, or open a copy`,
      );
    try {
      const run = await Run.open(await this.folder(name));
      const moments = await Moments.open(run);
      return { run, recipe: await recipeOfRun(run), moments, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Where the text of a run came from. Throws {@link RunError} for a folder that is no run. */
  async sourceOf(name: string): Promise<Source | undefined> {
    return recordOf(await Run.open(await this.folder(name))).source;
  }

  /** Puts files into a folder of their own; returns its name. */
  async add(name: string, files: Iterable<readonly [string, Uint8Array]>): Promise<string> {
    const free = await this.#free(name.replace(/-\d+$/, "") || "run", name);
    try {
      // Straight into the store: what is brought here must be kept, or refused.
      const folder = (await this.store).folder(free.name);
      // config.json last: without it the folder is no run.
      const sorted = [...files].sort(([a], [b]) => +(a === "config.json") - +(b === "config.json"));
      for (const [path, bytes] of sorted) await folder.write(path, bytes);
      await write(folder, { title: free.name, begun: Date.now() });
      return free.name;
    } catch (error) {
      await (await this.store).remove(free.name);
      throw error;
    } finally {
      free.release();
    }
  }

  async rename(name: string, title: string): Promise<void> {
    const folder = await this.folder(name);
    await write(folder, { ...(await read(folder)), title: title.trim() || name });
  }

  async remove(name: string): Promise<void> {
    const release = await hold(name);
    if (!release) throw new RunError(`${name} is open in a tab; close it there first`);
    try {
      await (await this.store).remove(name);
    } finally {
      release();
    }
  }

  /** The first name that no run has, and that no other tab takes at the same moment. */
  async #free(
    base: string,
    wish = `${base}-1`,
  ): Promise<{ readonly name: string; readonly release: Release }> {
    const taken = new Set(await (await this.store).names());
    for (let n = 1, name = wish; ; name = `${base}-${n++}`) {
      const release = taken.has(name) ? undefined : await hold(name);
      if (release) return { name, release };
    }
  }
}

/** All to train a run with, from its folder. */
async function recipeOfRun(run: Run): Promise<Recipe> {
  const { model, training } = run.config;
  const record = recordOf(run);
  const text = await recallText(run.folder, record.source);
  const { tokenizer } = run;
  const tokens = tokenizer.encode(text, { disallowedSpecial: [] });
  const split = splitTokens(tokens, record.split ?? SPLIT);
  const { vocabulary: _, ...sizes } = model;
  const settings: RunSettings = {
    preset: record.preset,
    data: choiceOf(record, text),
    tokenizer: record.tokenizer,
    model: sizes,
    training,
  };
  return { settings, record, tokenizer, split, model, training };
}

// What the command or the page wrote: a run keeps it without knowing its shape.
const recordOf = (run: Run): DataRecord => run.config.data as unknown as DataRecord;

function choiceOf({ source }: DataRecord, text: string): DataChoice {
  if (source.kind === "stories") return { kind: "stories", characters: source.characters };
  if (source.kind === "task")
    return { kind: "task", task: source.task, characters: source.characters };
  return { kind: "text", name: filesOf(source)[0]!.path, text };
}

async function factsOf(folder: Folder, busy: boolean): Promise<RunFacts> {
  const page = await read(folder);
  const known = { name: folder.name, ...page, held: busy };
  try {
    const run = await Run.open(folder);
    const { model, training } = run.config;
    const step = (await run.checkpoints()).at(-1) ?? 0;
    const heldOut = run.metrics.findLast(lossHeldOut)?.heldOut as number | undefined;
    const loss = heldOut === undefined ? {} : { heldOut };
    return { ...known, step, steps: training.steps, model, ...loss };
  } catch (error) {
    return { ...known, step: 0, steps: 0, damage: (error as Error).message };
  }
}

const lossHeldOut = (m: Metric) => typeof m.heldOut === "number";

async function read(folder: Folder): Promise<Page> {
  const bytes = await folder.read("page.json").catch(() => undefined);
  try {
    const { title, begun } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Page>;
    return { title: String(title ?? folder.name), begun: Number(begun) || 0 };
  } catch {
    return { title: folder.name, begun: 0 };
  }
}

const write = (folder: Folder, page: Page): Promise<void> =>
  folder.write("page.json", new TextEncoder().encode(`${JSON.stringify(page)}\n`));
