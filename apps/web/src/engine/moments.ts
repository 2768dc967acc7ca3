import type { HostTensor } from "@muladd/tensor";

type Weights = ReadonlyMap<string, HostTensor>;

const MOST = 24;
const MOST_BYTES = 64e6;

/** 0, 1, 2, 5, 10, 20, 50, …: the next step after `step` whose weights are kept. */
export function nextMoment(step: number): number {
  for (let decade = 1; ; decade *= 10)
    for (const one of [1, 2, 5]) if (one * decade > step) return one * decade;
}

/** Weights of past steps, for the clock: at most 24, and 64 MB. When there are more, every second one in the middle goes. */
export class Moments {
  #kept: { readonly step: number; readonly weights: Weights; readonly bytes: number }[] = [];

  get steps(): readonly number[] {
    return this.#kept.map(({ step }) => step);
  }

  at(step: number): Weights | undefined {
    return this.#kept.find((m) => m.step === step)?.weights;
  }

  keep(step: number, weights: Weights): void {
    let bytes = 0;
    for (const { data } of weights.values()) bytes += data.byteLength;
    this.#kept = [...this.#kept.filter((m) => m.step < step), { step, weights, bytes }];
    while (this.#kept.length > MOST || (this.#kept.length > 2 && this.#bytes > MOST_BYTES))
      this.#thin();
  }

  get #bytes(): number {
    return this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Drops the one whose neighbours are the closest, on a logarithmic scale; never the first or the last. */
  #thin(): void {
    let closest = 1;
    let least = Infinity;
    for (let i = 1; i < this.#kept.length - 1; i++) {
      const [before, after] = [this.#kept[i - 1]!.step, this.#kept[i + 1]!.step];
      const gap = Math.log((after + 1) / (before + 1));
      if (gap < least) [least, closest] = [gap, i];
    }
    this.#kept.splice(closest, 1);
  }
}
