import {
  add,
  dispose,
  type Event,
  full,
  keep,
  observe,
  reshape,
  type Shape,
  ShapeError,
  sameShape,
  share,
  show,
  size,
  sum,
  type Tensor,
  tidy,
} from "@muladd/tensor";
import { type Custom, custom } from "./differentiable.ts";
import { fusedVjps } from "./fused-vjps.ts";
import type { TapeObserver, TapeOp, TapeOptions } from "./tape-observer.ts";
import { type Vjp, vjps } from "./vjps.ts";

/** A gradient for each tensor that was differentiated for, of its shape. */
export type Gradients = Map<Tensor, Tensor>;

/** One op on the tape: where its operands come from, and what its derivative will read. */
interface Entry extends TapeOp {
  readonly rule: Vjp<unknown>;
  readonly inputs: readonly Tensor[];
  readonly outs: readonly Tensor[];
}

/** Every rule, by the op's name: primitives, fused ops with a derivative of their own, and functions with theirs. */
const rules: Readonly<Record<string, Vjp<never> | undefined>> = {
  ...vjps,
  ...fusedVjps,
  custom: custom as Vjp<Custom>,
};

/**
 * Runs `f` and differentiates its scalar result with respect to `wrt` by one pass backwards over the ops it ran.
 * Frees all else that `f` made. Tensors of `wrt` that the result does not depend on are absent from the gradients. An
 * `observer` sees the ops recorded and undone.
 *
 * Throws {@link ShapeError} when the result is not a scalar, and Error when it does not depend on any of `wrt`.
 * Reverse mode: Linnainmaa 1970; Griewank & Walther, "Evaluating derivatives", 2008, §3.
 */
export function valueAndGrad(
  f: () => Tensor,
  wrt: Iterable<Tensor>,
  { observer }: TapeOptions = {},
): { value: Tensor; grads: Gradients } {
  const sources = [...wrt];
  return tidy(() => {
    const tape = new Tape(sources, observer);
    try {
      const value = tape.record(f);
      if (value.shape.length !== 0)
        throw new ShapeError(
          `valueAndGrad: needs a scalar (), got ${show(value.shape)}; reduce it with sumAll or meanAll`,
        );
      if (tape.nodeOf(value) === undefined)
        throw new Error(
          "valueAndGrad: the result does not depend on any of the tensors to differentiate for; " +
            "are they the ones that the function uses?",
        );
      const one = full(value.backend, [], 1);
      return { value, grads: tape.backward(value, one, sources, true) };
    } finally {
      tape.release();
    }
  });
}

/**
 * Pulls `g`, a gradient of f's result, back to `wrt`: a vector–Jacobian product. Absent where f does not depend on it.
 * Throws {@link ShapeError} when `g` has not the shape of the result.
 */
export function vjp(
  f: () => Tensor,
  wrt: Iterable<Tensor>,
  g: Tensor,
  { observer }: TapeOptions = {},
): Gradients {
  const sources = [...wrt];
  return tidy(() => {
    const tape = new Tape(sources, observer);
    try {
      const value = tape.record(f);
      if (!sameShape(g.shape, value.shape))
        throw new ShapeError(
          `vjp: the gradient ${show(g.shape)} must have the shape ${show(value.shape)} of the result`,
        );
      return tape.backward(value, g, sources, false);
    } finally {
      tape.release();
    }
  });
}

/**
 * The tensor that a tape's own handle stands for: where a gradient is differentiated again, the inner tape hands its
 * handles to ops that the outer tape sees, and which must lead back to the tensors that the outer tape knows.
 */
const originals = new WeakMap<Tensor, Tensor>();
const original = (t: Tensor): Tensor => originals.get(t) ?? t;

function handle(t: Tensor): Tensor {
  const own = share(t);
  originals.set(own, original(t));
  return own;
}

/** Tapes that record at this moment, one inside the other. */
let recording = 0;

class Tape {
  readonly #nodes = new Map<Tensor, number>();
  readonly #entries: Entry[] = [];
  readonly #observer: TapeObserver | undefined;
  #count = 0;

  constructor(sources: readonly Tensor[], observer: TapeObserver | undefined) {
    this.#observer = observer;
    for (const t of sources) this.#nodes.set(original(t), this.#count++);
  }

  nodeOf(t: Tensor): number | undefined {
    return this.#nodes.get(original(t));
  }

  /** Runs `f`, noting each op between the sources and the result; what `f` made and no derivative reads is freed. */
  record(f: () => Tensor): Tensor {
    recording++;
    try {
      return tidy(() =>
        observe(
          {
            records: true,
            // A gradient that is differentiated again may read no residual, since no tape knows a residual's derivative.
            composes: (op) => !fusedVjps[op] || recording > 1,
            observe: (event) => this.#note(event),
          },
          f,
        ),
      );
    } finally {
      recording--;
    }
  }

  #note(event: Event): void {
    const { op, inputs, attrs, outs } = event;
    const from = inputs.map((t) => this.nodeOf(t) ?? -1);
    if (from.every((node) => node < 0)) return;
    const rule = rules[op] as Vjp<unknown> | undefined; // the table's rows are typed by op, the event's attrs are not
    if (!rule) throw new Error(`${op}: has no derivative`);
    const to = this.#count++;
    this.#nodes.set(outs[0]!, to);
    // Shares outlive the handles that the function drops; a ghost has a shape, and throws when its numbers are read.
    const hold = (t: Tensor, saved: boolean) => {
      const own = keep(handle(t));
      if (!saved) own[Symbol.dispose]();
      return own;
    };
    const saves = rule.saves ?? [];
    const entry: Entry = {
      op,
      rule,
      attrs,
      from,
      to,
      inputs: inputs.map((t, i) => hold(t, saves.includes("inputs") || saves.includes(i))),
      outs: outs.map((t, i) =>
        hold(t, saves.includes("outs") || (i > 0 && saves.includes("residuals"))),
      ),
    };
    this.#entries.push(entry);
    this.#observer?.recorded?.(entry, event);
  }

  /** Walks the tape backwards. Frees each op's saved tensors, and each gradient, once it is used. `isUnit`: the seed is 1. */
  backward(value: Tensor, seed: Tensor, sources: readonly Tensor[], isUnit: boolean): Gradients {
    const grads: (Tensor | undefined)[] = [];
    const start = this.nodeOf(value);
    const first = handle(seed);
    if (start === undefined) first[Symbol.dispose]();
    else grads[start] = first;
    for (let entry = this.#entries.at(-1); entry; entry = this.#entries.at(-1)) {
      const g = grads[entry.to];
      if (g) {
        this.#pull(entry, g, grads, isUnit && g === first);
        g[Symbol.dispose]();
        grads[entry.to] = undefined;
      }
      dispose([entry.inputs, entry.outs]);
      this.#entries.pop(); // not before: what throws above leaves the entry to release
    }
    const result: Gradients = new Map();
    sources.forEach((t, i) => {
      if (grads[i]) result.set(t, grads[i]);
    });
    return result;
  }

  /** Adds an op's contributions to the gradients of its operands. */
  #pull(entry: Entry, g: Tensor, grads: (Tensor | undefined)[], isUnit: boolean): void {
    const { rule, from, inputs, outs, attrs } = entry;
    this.#observer?.pulled?.(entry, g);
    const contributions = tidy(() =>
      rule.vjp(g, { inputs, outs, isUnit }, attrs).map((gx, i) => {
        if (!gx || from[i]! < 0) return undefined;
        return typeof gx === "function" ? gx : handle(sumTo(gx, inputs[i]!.shape));
      }),
    );
    const added = this.#observer?.added?.bind(this.#observer);
    contributions.forEach((gx, i) => {
      if (!gx) return;
      const node = from[i]!;
      const sofar = grads[node];
      let given = gx;
      if (typeof gx === "function") {
        // Alone and first, for who watches: the sum may be made in the memory of what there is so far.
        if (added && sofar) given = tidy(() => handle(gx(undefined)));
        grads[node] = tidy(() => handle(gx(sofar)));
      } else grads[node] = sofar ? add(sofar, gx) : gx;
      const sum = grads[node];
      if (typeof given === "function") given = sum;
      added?.(entry, i, given, sum);
      sofar?.[Symbol.dispose]();
      if (given !== sum) given[Symbol.dispose]();
    });
  }

  /** Frees what a pass that threw left on the tape. */
  release(): void {
    for (const { inputs, outs } of this.#entries) dispose([inputs, outs]);
    this.#entries.length = 0;
  }
}

/** Undoes broadcasting: sums `g` down to `shape`. */
function sumTo(g: Tensor, shape: Shape): Tensor {
  const lead = g.shape.length - shape.length;
  let out = g;
  // All leading axes at once: one reduction over rows instead of one an axis.
  if (lead > 0) {
    const rest = g.shape.slice(lead);
    out = reshape(sum(reshape(g, [size(g.shape.slice(0, lead)), ...rest]), 0), rest);
  }
  for (let axis = 0; axis < shape.length; axis++)
    if (shape[axis] === 1 && out.shape[axis] !== 1) out = sum(out, axis);
  return out;
}
