import { MAP_READ, usage } from "./constants.ts";

/** What one kernel took, over all its calls. */
export interface KernelTime {
  readonly name: string;
  readonly calls: number;
  readonly ms: number;
  /** Floating-point operations per second, in 10⁹; 0 where they were not counted. */
  readonly gflops: number;
  /** 10⁹ bytes per second that it must move at least. */
  readonly gbytes: number;
}

interface Entry {
  readonly name: string;
  readonly flops: number;
  readonly bytes: number;
}

/** Times each dispatch on the device with timestamp queries: each runs in a pass of its own, so the whole is slower. */
export class Profiler {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #bytes: number;
  readonly #pending: Promise<void>[] = [];
  #totals = new Map<string, { calls: number; nanoseconds: number; flops: number; bytes: number }>();
  #entries: Entry[] = [];

  constructor(device: GPUDevice, batch: number) {
    this.#device = device;
    this.#bytes = batch * 16;
    this.#queries = device.createQuerySet({ type: "timestamp", count: batch * 2 });
    this.#resolved = device.createBuffer({
      size: this.#bytes,
      usage: usage.queryResolve | usage.copyFrom,
    });
  }

  /** For the pass of a dispatch. */
  time(name: string, flops: number, bytes: number): GPUComputePassTimestampWrites {
    const first = this.#entries.length * 2;
    this.#entries.push({ name, flops, bytes });
    return {
      querySet: this.#queries,
      beginningOfPassWriteIndex: first,
      endOfPassWriteIndex: first + 1,
    };
  }

  /** Ends a batch: copies its times out. What it returns is called after the submit. */
  resolve(encoder: GPUCommandEncoder): (() => void) | undefined {
    const entries = this.#entries;
    if (entries.length === 0) return undefined;
    this.#entries = [];
    const size = entries.length * 16;
    const staging = this.#device.createBuffer({ size, usage: usage.mapRead | usage.copyTo });
    encoder.resolveQuerySet(this.#queries, 0, entries.length * 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, size);
    return () => {
      const heard = staging
        .mapAsync(MAP_READ)
        .then(() => {
          const times = new BigUint64Array(staging.getMappedRange());
          for (const [i, entry] of entries.entries())
            this.#add(entry, Number(times[2 * i + 1]! - times[2 * i]!));
          staging.destroy();
        })
        .catch(() => {}); // a device that failed tells its reads why
      this.#pending.push(heard);
    };
  }

  #add({ name, flops, bytes }: Entry, nanoseconds: number): void {
    const total = this.#totals.get(name) ?? { calls: 0, nanoseconds: 0, flops: 0, bytes: 0 };
    this.#totals.set(name, total);
    total.calls++;
    total.nanoseconds += nanoseconds;
    total.flops += flops;
    total.bytes += bytes;
  }

  /** What was submitted since the last call, longest first. */
  async take(): Promise<readonly KernelTime[]> {
    await Promise.all(this.#pending.splice(0));
    const totals = this.#totals;
    this.#totals = new Map();
    return [...totals]
      .map(([name, { calls, nanoseconds, flops, bytes }]) => ({
        name,
        calls,
        ms: nanoseconds / 1e6,
        gflops: flops / Math.max(nanoseconds, 1),
        gbytes: bytes / Math.max(nanoseconds, 1),
      }))
      .sort((a, b) => b.ms - a.ms);
  }

  close(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }
}
