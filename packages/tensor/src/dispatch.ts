import type { Backend, Dense, FusedKernels, FusedName, Kernels } from "./backend.ts";
import { dispose, tidy } from "./memory.ts";
import { type Attrs, type Op, type OpName, ops, type Spec } from "./ops.ts";
import { Tensor } from "./tensor.ts";

/** What observers see of an op: `store` and `adamW` write their first inputs, `custom` carries its own derivative. */
export interface Event {
  readonly op: OpName | FusedName | "store" | "custom";
  readonly inputs: readonly Tensor[];
  readonly attrs: unknown;
  /** Results, then residuals if any were made. These are freed after the event: who wants one takes a {@link share}. */
  readonly outs: readonly Tensor[];
}

/** Who listens at the door: autograd, a profiler, a tracer. */
export interface Observer {
  /** Called after every op. */
  observe(event: Event): void;
  /** Fused ops that this observer wants to see as their compositions. */
  composes?(op: FusedName): boolean;
  /** True while what was seen must stay true: cells may not change their values meanwhile. */
  readonly records?: boolean;
}

let observers: readonly Observer[] = [];

/** Runs `body` with `observer` told of every op, beside those that listen already. */
export function observe<T>(observer: Observer, body: () => T): T {
  return listening([...observers, observer], body);
}

/** Runs `body` unseen: how a function with a derivative of its own hides the ops inside it. */
export function unobserved<T>(body: () => T): T {
  return listening([], body);
}

function listening<T>(next: readonly Observer[], body: () => T): T {
  const outer = observers;
  observers = next;
  try {
    return body();
  } finally {
    observers = outer;
  }
}

/** Tells the observers of an op that ran. */
export function notify(event: Event): void {
  for (const observer of observers) observer.observe(event);
}

/** @internal Whether a tape holds the values that there are. */
export const recorded = (): boolean => observers.some((o) => o.records);

/** @internal Cells may not change while a tape holds their values. */
export function forbidWhileRecording(verb: string): void {
  if (recorded())
    throw new Error(
      `${verb}: a parameter may not change while its gradient is recorded; move the update after valueAndGrad`,
    );
}

/** @internal Whether an observer wants to see `op` as its composition. */
export const mustCompose = (op: FusedName): boolean => observers.some((o) => o.composes?.(op));

/** The backend that all inputs share. Throws when they live on different ones. */
function commonBackend(op: string, inputs: readonly Tensor[]): Backend {
  const backend = inputs[0]!.backend;
  for (const t of inputs)
    if (t.backend !== backend)
      throw new Error(
        `${op}: inputs live on ${backend.name} and ${t.backend.name}; ` +
          "move one with Tensor.from(backend, await t.data(), t.shape)",
      );
  return backend;
}

/** The one door between a tensor expression and a kernel. `backend` is for ops without inputs. */
export function dispatch<K extends OpName>(
  name: K,
  inputs: readonly Tensor[],
  attrs: Attrs<K>,
  backend: Backend = commonBackend(name, inputs),
): Tensor {
  const row = ops[name] as unknown as Op<Attrs<K>>; // the table's row types are not correlated with K by tsc
  const spec = row.infer(inputs, attrs);
  let out: Tensor;
  if (row.run) {
    out = Tensor.alloc(backend, spec.shape, spec.dtype);
    row.run(backend.kernels, out, inputs, attrs);
  } else out = new Tensor(inputs[0]!.storage, spec.shape, spec.dtype);
  if (observers.length) notify({ op: name, inputs, attrs, outs: [out] });
  return out;
}

/**
 * An op that a backend may compute at once: what comes out, which kernel computes it, and the composition that
 * defines it. The composition needs no derivative; the kernel may have one, in autograd's table.
 */
export interface FusedOp<A> {
  /** How many of the inferred outputs are results; the rest are residuals that only a derivative reads. */
  readonly results: number;
  /** True: residuals are costly, so they are made only where an observer records; `run` gets no memory for them elsewhere. */
  readonly residualsOnDemand?: boolean;
  /** Throws ShapeError when the inputs do not fit. */
  infer(inputs: readonly Spec[], attrs: A): readonly Spec[];
  run(
    kernels: Kernels & FusedKernels,
    outs: readonly Dense[],
    inputs: readonly Dense[],
    attrs: A,
  ): void;
  compose(inputs: readonly Tensor[], attrs: A): readonly Tensor[];
}

/** Runs the backend's kernel when it has one that no observer refuses, and the composition otherwise. */
export function dispatchFused<A>(
  name: FusedName,
  row: FusedOp<A>,
  inputs: readonly Tensor[],
  attrs: A,
): readonly Tensor[] {
  const backend = commonBackend(name, inputs);
  const specs = row.infer(inputs, attrs);
  if (!backend.kernels[name] || mustCompose(name)) return tidy(() => row.compose(inputs, attrs));
  const made = row.residualsOnDemand && !recorded() ? specs.slice(0, row.results) : specs;
  const outs: Tensor[] = [];
  try {
    for (const { shape, dtype } of made) outs.push(Tensor.alloc(backend, shape, dtype));
    row.run(backend.kernels as Kernels & FusedKernels, outs, inputs, attrs);
  } catch (error) {
    dispose(outs); // memory may run out between two of them
    throw error;
  }
  if (observers.length) notify({ op: name, inputs, attrs, outs });
  for (const residual of outs.slice(row.results)) residual[Symbol.dispose]();
  return outs.slice(0, row.results);
}
