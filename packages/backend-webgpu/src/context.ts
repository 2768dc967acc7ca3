import { type Dense, size } from "@muladd/tensor";
import type { Facts } from "./adapter.ts";
import type { GPUMemory } from "./memory.ts";
import type { Program } from "./program.ts";
import type { Queue, Work } from "./queue.ts";

/** How kernels are written for a device; the default follows from its facts. Tests set what their device would not. */
export interface Tuning {
  /** Without barriers and with one lane a row: what a CPU likes. Default: on software adapters. */
  readonly serial: boolean;
  readonly subgroups: boolean;
  /** Products multiply halves and add in f32. */
  readonly halfProducts: boolean;
  /** Dispatches per submit. */
  readonly batch: number;
}

/** What kernels are written against. */
export interface Context extends Tuning {
  readonly facts: Facts;
  /**
   * The program of that name, made once. The name must say everything that its code depends on, except what is in the
   * context.
   */
  program(name: string, make: () => Omit<Program, "name">): Program;
  /** Runs a program in `groups` workgroups; `reads` and `writes` in the order of its buffers. See {@link Queue.run}. */
  run(
    program: Program,
    reads: readonly Dense[],
    writes: readonly Dense[],
    params: readonly number[],
    groups: number,
    work?: Work,
  ): void;
  /** Lends device memory while `body` records. Its contents are undefined. Counted as used, so that peaks tell of it. */
  scratch(elements: number, body: (lent: Dense) => void): void;
}

export function context(facts: Facts, tuning: Tuning, memory: GPUMemory, queue: Queue): Context {
  const programs = new Map<string, Program>();
  return {
    ...tuning,
    facts,
    program(name, make) {
      let program = programs.get(name);
      if (!program) {
        program = { name, ...make() };
        programs.set(name, program);
      }
      return program;
    },
    run(program, reads, writes, params, groups, work) {
      const buffers = [...reads, ...writes].map(({ buffer }) => buffer);
      queue.run(program, buffers, params, groups, work);
    },
    scratch(elements, body) {
      const buffer = memory.alloc(elements, "f32");
      try {
        body({ buffer, shape: [elements], dtype: "f32" });
      } finally {
        memory.free(buffer);
      }
    },
  };
}

/** An operand as (rows, columns): all axes but the last, and the last. */
export function rowsOf({ shape }: Dense): readonly [rows: number, columns: number] {
  const columns = shape.at(-1) ?? 1;
  return [size(shape.slice(0, -1)), columns];
}
