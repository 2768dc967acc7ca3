import { readSafetensors, writeSafetensors } from "@muladd/checkpoint";
import { countParameters, type GPTConfig } from "@muladd/gpt";
import { type Folder, modelTensors, type Run } from "@muladd/gpt/train";
import type { HostTensor } from "@muladd/tensor";
import { Lock } from "./lock.ts";

/** Parameters by name, f32. */
export type Weights = ReadonlyMap<string, HostTensor>;

interface Kept {
  readonly step: number;
  /** In the run's folder: a file of its own, or a checkpoint. */
  path: string;
  /** Absent until they are read. */
  weights?: Weights;
}

const MOST = 24;
const MOST_BYTES = 64e6;
const FOLDER = "moments";
const FILE = /^step-(\d+)\.safetensors$/;
const pathOf = (folder: string, step: number) => `${folder}/step-${step}.safetensors`;
const isOwn = ({ path }: Kept) => path.startsWith(`${FOLDER}/`);

/** 0, 1, 2, 5, 10, 20, 50, …: the next step after `step` whose weights are kept. */
export function nextMoment(step: number): number {
  for (let decade = 1; ; decade *= 10)
    for (const one of [1, 2, 5]) if (one * decade > step) return one * decade;
}

/**
 * Weights of past steps, for the clock: at most 24, and 64 MB, or two. When there are more, every second one in the middle
 * goes. They are kept in the run's folder too, where there is one, and read from it when they are asked for.
 */
export class Moments {
  readonly #most: number;
  readonly #folder: Folder | undefined;
  // One file after the other, while training goes on.
  readonly #files = new Lock();
  #kept: Kept[] = [];

  constructor(model: GPTConfig, folder?: Folder) {
    // All of a run are of one size: their number bounds their bytes, on disk and in memory.
    const bytes = 4 * countParameters(model).total;
    this.#most = Math.max(2, Math.min(MOST, Math.floor(MOST_BYTES / bytes)));
    this.#folder = folder;
  }

  /** Lists those in a run's folder, and its checkpoints; reads none. */
  static async open(run: Run): Promise<Moments> {
    const moments = new Moments(run.config.model, run.folder);
    const names = await run.folder.list(FOLDER);
    const own = names.flatMap((name) => FILE.exec(name)?.[1] ?? []).map(Number);
    const others = (await run.checkpoints()).filter((step) => !own.includes(step));
    moments.#kept = [
      ...own.map((step) => ({ step, path: pathOf(FOLDER, step) })),
      ...others.map((step) => ({ step, path: pathOf("checkpoints", step) })),
    ].sort((a, b) => a.step - b.step);
    moments.#thin();
    return moments;
  }

  /** Oldest first. */
  get steps(): readonly number[] {
    return this.#kept.map(({ step }) => step);
  }

  /** `undefined` when there are none of that step. Throws FormatError for a damaged file, which is then passed over. */
  async at(step: number): Promise<Weights | undefined> {
    const found = this.#kept.find((m) => m.step === step);
    if (!found || found.weights) return found?.weights;
    try {
      const bytes = await this.#folder?.read(found.path);
      if (bytes) {
        const name = `${this.#folder!.name}/${found.path}`;
        found.weights = modelTensors(readSafetensors(bytes, name).tensors);
      }
    } finally {
      if (!found.weights) this.#kept = this.#kept.filter((m) => m !== found);
    }
    return found.weights;
  }

  /** Takes them into the list at once; the file is written later. */
  keep(step: number, weights: Weights): void {
    this.rewind(step - 1);
    const one = { step, path: pathOf(FOLDER, step), weights };
    this.#kept.push(one);
    this.#write(one, async () => weights);
    this.#thin();
  }

  /** Forgets those after `step`, of a course that was left. Returns whether there were any. */
  rewind(step: number): boolean {
    const later = this.#kept.filter((m) => m.step > step);
    for (const one of later) this.#drop(one);
    return later.length > 0;
  }

  /** Copies those that are checkpoints: training removes these as it goes on. */
  adopt(): void {
    for (const one of this.#kept) if (!isOwn(one)) this.#write(one, () => this.at(one.step));
  }

  /** Resolves when all files are written, or waiting in memory for room. */
  flush(): Promise<void> {
    return this.#files.run(() => {});
  }

  #write(one: Kept, read: () => Promise<Weights | undefined>): void {
    this.#later(async (folder) => {
      const weights = await read();
      if (!weights || !this.#kept.includes(one)) return;
      const tensors = new Map(Array.from(weights, ([name, t]) => [`model.${name}`, t]));
      one.path = pathOf(FOLDER, one.step);
      await folder.write(
        one.path,
        writeSafetensors({ tensors, metadata: { step: String(one.step) } }),
      );
    });
  }

  #drop(one: Kept): void {
    this.#kept = this.#kept.filter((m) => m !== one);
    if (isOwn(one)) this.#later((folder) => folder.remove(one.path));
  }

  #later(body: (folder: Folder) => Promise<void>): void {
    const folder = this.#folder;
    // The folder tells itself what it cannot keep; a file that cannot be removed goes with the run.
    if (folder) this.#files.run(() => body(folder)).catch(() => {});
  }

  /** Drops those whose neighbours are the closest, on a logarithmic scale; never the first or the last. */
  #thin(): void {
    while (this.#kept.length > this.#most) {
      let closest = 1;
      let least = Infinity;
      for (let i = 1; i < this.#kept.length - 1; i++) {
        const [before, after] = [this.#kept[i - 1]!.step, this.#kept[i + 1]!.step];
        const gap = Math.log((after + 1) / (before + 1));
        if (gap < least) [least, closest] = [gap, i];
      }
      this.#drop(this.#kept[closest]!);
    }
  }
}
