import { type TapeObserver, type TapeOp, valueAndGrad } from "@muladd/autograd";
import {
  type BufferId,
  dispose,
  type Event,
  type HostTensor,
  keep,
  observe,
  type Shape,
  share,
  show,
  size,
  type Tensor,
} from "@muladd/tensor";

/** Size and range of an array. */
export interface Summary {
  /** Root mean square: how large its numbers are, whatever its size. */
  readonly rms: number;
  readonly min: number;
  readonly max: number;
}

/** An operand of a traced op. */
export interface TraceInput {
  /** The node it comes from; −1 for a constant, which has no gradient. */
  readonly from: number;
  readonly name: string;
  readonly shape: Shape;
  /** What the op's rule gave for it, where the backward pass came by. */
  readonly given?: Summary;
  /** The gradient so far of the node it comes from, this included. */
  readonly sum?: Summary;
  /** Which of that node's gradients this was, from 1. */
  readonly nth?: number;
}

/** A leaf, or an op's result. */
export interface TraceNode {
  /** Its number on the tape: leaves first, then results as they were made. */
  readonly id: number;
  readonly kind: "leaf" | "op";
  /** The op; of a leaf "". */
  readonly op: string;
  readonly name: string;
  /** Modules around it, outermost first, with "/" between. */
  readonly place: string;
  readonly shape: Shape;
  /** The op's attributes, in words. */
  readonly attributes: string;
  /** True where the op ran as one kernel what is otherwise several ops. */
  readonly fused: boolean;
  readonly inputs: readonly TraceInput[];
  readonly value: Summary;
  /** Absent where nothing came back. */
  readonly grad?: Summary;
  /** How many gradients were added up to that. */
  readonly uses: number;
}

/** A tape that was recorded and undone, as it is shown. */
export interface Trace {
  readonly id: number;
  readonly value: number;
  readonly nodes: readonly TraceNode[];
  /** Ops in the order in which they were undone. */
  readonly backward: readonly number[];
}

/** A trace with every array of it on the host: "value:3", "grad:3", and "given:7:0" for what op 7 gave its first input. */
export interface FullTrace extends Omit<Trace, "id"> {
  readonly arrays: ReadonlyMap<string, HostTensor>;
}

export interface TraceOptions {
  /** Names of operands that are not differentiated for. */
  readonly constants?: ReadonlyMap<Tensor, string>;
  /** Fused ops that are to run as their compositions. */
  readonly composed?: ReadonlySet<string>;
  /** Modules around the op that runs now. */
  readonly place?: () => string;
  readonly isFused?: (op: string) => boolean;
}

interface Noted {
  readonly op: TapeOp;
  readonly place: string;
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
}

/** Holds a share of every array on the tape until it is read. */
class Notes implements TapeObserver, Disposable {
  readonly ops: Noted[] = [];
  readonly backward: number[] = [];
  readonly held = new Map<string, Tensor>();
  /** Gradients that were added to a node so far. */
  readonly uses = new Map<number, number>();
  readonly nth = new Map<string, number>();
  readonly #options: TraceOptions;

  constructor(options: TraceOptions) {
    this.#options = options;
  }

  hold(key: string, t: Tensor): void {
    this.held.set(key, keep(share(t)));
  }

  recorded(op: TapeOp, { inputs, outs }: Event): void {
    const { constants, place } = this.#options;
    const named = inputs.map((t) => ({ name: constants?.get(t) ?? "constant", shape: t.shape }));
    this.ops.push({ op, place: place?.() ?? "", inputs: named });
    this.hold(`value:${op.to}`, outs[0]!);
  }

  pulled(op: TapeOp, g: Tensor): void {
    this.backward.push(op.to);
    this.hold(`grad:${op.to}`, g);
  }

  added(op: TapeOp, input: number, given: Tensor, sum: Tensor): void {
    const node = op.from[input]!;
    const nth = (this.uses.get(node) ?? 0) + 1;
    this.uses.set(node, nth);
    this.nth.set(`${op.to}:${input}`, nth);
    this.hold(`given:${op.to}:${input}`, given);
    this.hold(`sum:${op.to}:${input}`, sum);
  }

  [Symbol.dispose](): void {
    dispose(this.held);
  }
}

/** Runs `f`, differentiates it for the named `leaves`, and reads all that was on the tape. Frees what it made on the device. */
export async function trace(
  f: () => Tensor,
  leaves: ReadonlyMap<string, Tensor>,
  options: TraceOptions = {},
): Promise<FullTrace> {
  using notes = new Notes(options);
  const sources = [...leaves.values()];
  const watched = () =>
    observe({ observe: () => {}, composes: (op) => options.composed?.has(op) ?? false }, f);
  const { value, grads } = valueAndGrad(watched, sources, { observer: notes });
  sources.forEach((t, i) => {
    notes.hold(`value:${i}`, t);
    const g = grads.get(t);
    if (g) notes.hold(`grad:${i}`, g);
  });
  dispose([...grads.values()]);
  try {
    const arrays = await readAll(notes.held);
    return { value: await value.item(), ...described(notes, [...leaves.keys()], arrays, options) };
  } finally {
    value[Symbol.dispose]();
  }
}

/** Every array, read once where several names share its memory. */
async function readAll(held: ReadonlyMap<string, Tensor>): Promise<Map<string, HostTensor>> {
  const read = new Map<BufferId, Float32Array>();
  const arrays = new Map<string, HostTensor>();
  for (const [key, t] of held) {
    let data = read.get(t.buffer);
    if (!data) {
      data = Float32Array.from(await t.data());
      read.set(t.buffer, data);
    }
    arrays.set(key, { shape: t.shape, data });
  }
  return arrays;
}

function described(
  notes: Notes,
  names: readonly string[],
  arrays: Map<string, HostTensor>,
  { isFused }: TraceOptions,
): Omit<FullTrace, "value"> {
  const summaries = new Map<ArrayLike<number>, Summary>();
  const summary = (key: string): Summary | undefined => {
    const array = arrays.get(key);
    if (!array) return undefined;
    const known = summaries.get(array.data) ?? summarize(array.data);
    summaries.set(array.data, known);
    return known;
  };
  const about = (id: number) => {
    const grad = summary(`grad:${id}`);
    return {
      shape: arrays.get(`value:${id}`)!.shape,
      value: summary(`value:${id}`)!,
      ...(grad ? { grad } : {}),
      uses: notes.uses.get(id) ?? 0,
    };
  };
  const firstUse = (id: number) => notes.ops.find(({ op }) => op.from.includes(id))?.place ?? "";
  const nodes: TraceNode[] = names.map((name, id) => ({
    ...about(id),
    ...{ id, kind: "leaf", op: "", name, place: firstUse(id) },
    ...{ attributes: "", fused: false, inputs: [] },
  }));
  for (const { op, place, inputs } of notes.ops) {
    const operands = inputs.map((input, i): TraceInput => {
      const from = op.from[i]!;
      const key = `${op.to}:${i}`;
      const [given, sum, nth] = [
        summary(`given:${key}`),
        summary(`sum:${key}`),
        notes.nth.get(key),
      ];
      const name = from < 0 ? input.name : nodes[from]!.name;
      return {
        ...{ from, name, shape: input.shape },
        ...(given && sum && nth ? { given, sum, nth } : {}),
      };
    });
    nodes.push({
      ...about(op.to),
      ...{ id: op.to, kind: "op", op: op.op, name: `${op.op} ${op.to}`, place, inputs: operands },
      attributes: wordsOf(op.attrs),
      fused: isFused?.(op.op) ?? false,
    });
  }
  for (const key of arrays.keys()) if (key.startsWith("sum:")) arrays.delete(key);
  return { nodes, backward: notes.backward, arrays };
}

export function summarize(data: ArrayLike<number>): Summary {
  let [squares, min, max] = [0, Infinity, -Infinity];
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    squares += x * x;
    if (!(x >= min)) min = x;
    if (!(x <= max)) max = x;
  }
  return { rms: Math.sqrt(squares / Math.max(1, data.length)), min, max };
}

/** "axes (0, 2, 1, 3), causal, scale 0.25" */
function wordsOf(attrs: unknown): string {
  const words: string[] = [];
  for (const [name, value] of Object.entries(attrs as Record<string, unknown>)) {
    if (value === true) words.push(name);
    else if (Array.isArray(value)) words.push(`${name} ${show(value)}`);
    else if (typeof value === "number") words.push(`${name} ${+value.toPrecision(4)}`);
    else if (typeof value === "string") words.push(`${name} ${value}`);
  }
  return words.join(", ");
}

/** An array as rows of its last axis, cut to what can be drawn. */
export interface TensorView {
  readonly shape: Shape;
  /** Of the whole array. */
  readonly rows: number;
  readonly columns: number;
  /** What is here: the first rows and columns. */
  readonly shownRows: number;
  readonly shownColumns: number;
  readonly values: Float32Array;
  readonly summary: Summary;
}

const MOST_SHOWN = 128;
/** A vector is one row, and may be longer. */
const MOST_OF_ROW = 512;

export function viewOf({ shape, data }: HostTensor): TensorView {
  const columns = shape.at(-1) ?? 1;
  const rows = columns === 0 ? 0 : size(shape) / columns;
  const shownRows = Math.min(rows, MOST_SHOWN);
  const shownColumns = Math.min(columns, rows === 1 ? MOST_OF_ROW : MOST_SHOWN);
  const values = new Float32Array(shownRows * shownColumns);
  for (let r = 0; r < shownRows; r++)
    for (let c = 0; c < shownColumns; c++) values[r * shownColumns + c] = data[r * columns + c]!;
  return { shape, rows, columns, shownRows, shownColumns, values, summary: summarize(data) };
}
