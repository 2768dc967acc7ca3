import type { BufferId } from "@muladd/tensor";
import { MAP_READ, MAX_GROUPS, SLOT_BYTES, usage } from "./constants.ts";
import { DeviceLostError, type Failure } from "./failure.ts";
import { type GPUMemory, sizeClass } from "./memory.ts";
import { type Compiled, type Pipelines, pipelinesOf } from "./pipelines.ts";
import type { Profiler } from "./profiler.ts";
import type { Program } from "./program.ts";

/** What was done on a device so far, and what was made for it: in a steady state only the first two grow. */
export interface Counts {
  readonly dispatches: number;
  readonly submits: number;
  readonly buffers: number;
  readonly pipelines: number;
  readonly bindGroups: number;
}

/** What a dispatch does at least, for the profiler. */
export interface Work {
  readonly flops?: number;
  /** To and from memory. Default: every buffer once. */
  readonly bytes?: number;
}

/** Dispatches per submit: fewer cost more calls, more leave the device idle while they are encoded. */
export const BATCH = 64;

interface Ready {
  readonly compiled: Compiled;
  readonly groups: Map<string, GPUBindGroup>;
}

/**
 * Records dispatches into one compute pass and submits it when it is full, or when somebody reads or overwrites what it
 * touches. Numbers travel in one uniform buffer a batch, a slot a dispatch.
 */
export class Queue {
  readonly #device: GPUDevice;
  readonly #memory: GPUMemory;
  readonly #failure: Failure;
  readonly #pipelines: Pipelines;
  readonly #profiler: Profiler | undefined;
  readonly #batch: number;
  readonly #ready = new Map<Program, Ready>();
  readonly #bindGroups = new Map<string, Map<string, GPUBindGroup>>();
  readonly #uniforms: GPUBuffer;
  readonly #bytes: ArrayBuffer;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #offset = new Uint32Array(1);
  readonly #staging = new Map<number, GPUBuffer[]>();
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline: GPUComputePipeline | undefined;
  /** Dispatches recorded and not submitted. */
  #recorded = 0;
  /** The number of the batch being recorded. */
  #current = 1;
  #dispatches = 0;
  #submits = 0;
  #made = 0;
  #groupsMade = 0;

  constructor(
    device: GPUDevice,
    memory: GPUMemory,
    failure: Failure,
    profiler: Profiler | undefined,
    batch: number,
  ) {
    this.#device = device;
    this.#memory = memory;
    this.#failure = failure;
    this.#pipelines = pipelinesOf(device);
    this.#profiler = profiler;
    this.#batch = batch;
    this.#bytes = new ArrayBuffer(batch * SLOT_BYTES);
    this.#words = new Uint32Array(this.#bytes);
    this.#floats = new Float32Array(this.#bytes);
    this.#uniforms = device.createBuffer({
      size: batch * SLOT_BYTES,
      usage: usage.uniform | usage.copyTo,
    });
  }

  get counts(): Counts {
    return {
      dispatches: this.#dispatches,
      submits: this.#submits,
      buffers: this.#memory.created + this.#made,
      pipelines: this.#pipelines.created,
      bindGroups: this.#groupsMade,
    };
  }

  /**
   * Runs `program` in `groups` workgroups on the buffers named, those read before those written, with its numbers in the order
   * of `params`. Does nothing for 0 groups, or after a failure.
   */
  run(
    program: Program,
    buffers: readonly BufferId[],
    params: readonly number[],
    groups: number,
    work?: Work,
  ): void {
    if (groups === 0 || this.#failure.error) return;
    const ready = this.#prepare(program);
    const bindGroup = this.#bind(ready, buffers);
    const slot = this.#recorded++;
    this.#fill(slot, ready.compiled, params, groups);
    const pass = this.#begin(program, buffers, work);
    if (this.#pipeline !== ready.compiled.pipeline) {
      pass.setPipeline(ready.compiled.pipeline);
      this.#pipeline = ready.compiled.pipeline;
    }
    this.#offset[0] = slot * SLOT_BYTES;
    pass.setBindGroup(0, bindGroup, this.#offset, 0, 1);
    const wide = Math.min(groups, MAX_GROUPS);
    pass.dispatchWorkgroups(wide, Math.ceil(groups / wide));
    this.#dispatches++;
    if (this.#profiler) this.#endPass();
    if (this.#recorded === this.#batch) this.flush();
  }

  /** Copies `data` into a slot, after all that was recorded of it. */
  write(id: BufferId, data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): void {
    if (this.#failure.error || data.length === 0) return;
    const slot = this.#memory.slot(id);
    // The queue writes before what is recorded and not submitted.
    if (slot.batch === this.#current) this.flush();
    this.#device.queue.writeBuffer(slot.gpu, 0, data);
  }

  /** The bytes of a buffer, after all that was recorded. */
  async read(id: BufferId): Promise<ArrayBuffer> {
    const { slot, elements } = this.#memory.get(id);
    const bytes = elements * 4;
    if (bytes === 0 || this.#failure.error) {
      await this.#failure.check();
      return new ArrayBuffer(0);
    }
    const staging = this.#takeStaging(sizeClass(bytes));
    this.#endPass();
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(slot.gpu, 0, staging, 0, bytes);
    this.flush();
    try {
      await staging.mapAsync(MAP_READ, 0, bytes);
    } catch (cause) {
      await this.#explain(cause);
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.#giveStaging(staging);
    await this.#failure.check();
    return copy;
  }

  /** Submits what was recorded. */
  flush(): void {
    if (!this.#encoder) return;
    this.#endPass();
    const { queue } = this.#device;
    if (this.#recorded)
      queue.writeBuffer(this.#uniforms, 0, this.#bytes, 0, this.#recorded * SLOT_BYTES);
    const collect = this.#profiler?.resolve(this.#encoder);
    queue.submit([this.#encoder.finish()]);
    collect?.();
    this.#encoder = undefined;
    this.#recorded = 0;
    this.#current++;
    this.#submits++;
  }

  /** Submits what was recorded, and forgets bind groups: before buffers are destroyed. */
  forget(): void {
    this.flush();
    this.#ready.clear();
    this.#bindGroups.clear();
  }

  close(): void {
    this.#encoder = undefined;
    this.#pass = undefined;
    this.#uniforms.destroy();
    for (const list of this.#staging.values()) for (const buffer of list) buffer.destroy();
    this.#staging.clear();
  }

  #prepare(program: Program): Ready {
    let ready = this.#ready.get(program);
    if (!ready) {
      const compiled = this.#pipelines.get(program, this.#failure);
      let groups = this.#bindGroups.get(compiled.signature);
      if (!groups) {
        groups = new Map();
        this.#bindGroups.set(compiled.signature, groups);
      }
      ready = { compiled, groups };
      this.#ready.set(program, ready);
    }
    return ready;
  }

  #bind({ compiled, groups }: Ready, buffers: readonly BufferId[]): GPUBindGroup {
    const slots = buffers.map((id) => {
      const slot = this.#memory.slot(id);
      slot.batch = this.#current;
      return slot;
    });
    const key = slots.map(({ id }) => id).join();
    let group = groups.get(key);
    if (!group) {
      const entries: GPUBindGroupEntry[] = slots.map(({ gpu }, binding) => ({
        binding,
        resource: { buffer: gpu },
      }));
      entries.push({
        binding: slots.length,
        resource: { buffer: this.#uniforms, size: SLOT_BYTES },
      });
      group = this.#device.createBindGroup({ layout: compiled.layout, entries });
      groups.set(key, group);
      this.#groupsMade++;
    }
    return group;
  }

  #fill(slot: number, { params }: Compiled, values: readonly number[], groups: number): void {
    const start = (slot * SLOT_BYTES) / 4;
    this.#words[start] = groups;
    for (let i = 0; i < params.length; i++) {
      const at = start + 1 + i;
      // A word takes the low 32 bits of what is stored, signed or not.
      if (params[i] === "f32") this.#floats[at] = values[i]!;
      else this.#words[at] = values[i]!;
    }
  }

  #begin(program: Program, buffers: readonly BufferId[], work?: Work): GPUComputePassEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    if (this.#profiler) {
      const bytes =
        work?.bytes ?? buffers.reduce((sum, id) => sum + this.#memory.get(id).elements * 4, 0);
      const timestampWrites = this.#profiler.time(program.name, work?.flops ?? 0, bytes);
      this.#pass = this.#encoder.beginComputePass({ timestampWrites });
    }
    this.#pass ??= this.#encoder.beginComputePass();
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#pipeline = undefined;
  }

  #takeStaging(size: number): GPUBuffer {
    const buffer = this.#staging.get(size)?.pop();
    if (buffer) return buffer;
    this.#made++;
    return this.#device.createBuffer({ size, usage: usage.mapRead | usage.copyTo });
  }

  #giveStaging(buffer: GPUBuffer): void {
    const list = this.#staging.get(buffer.size) ?? [];
    this.#staging.set(buffer.size, list);
    if (list.length < 4) list.push(buffer);
    else buffer.destroy();
  }

  /** Why a read failed: what the device reported, which may be on its way still. */
  async #explain(cause: unknown): Promise<never> {
    const later = new Promise<undefined>((resolve) => setTimeout(resolve, 100));
    const lost = await Promise.race([this.#device.lost, later]);
    if (lost) this.#failure.set(new DeviceLostError(lost.message));
    await this.#failure.check();
    throw new Error(`webgpu: a read failed (${cause instanceof Error ? cause.message : cause})`, {
      cause,
    });
  }
}
