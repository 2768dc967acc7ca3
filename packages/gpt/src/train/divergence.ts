import { namedParameters } from "@muladd/nn";
import {
  type BufferId,
  type Event,
  keep,
  OutOfMemoryError,
  observe,
  Parameter,
  share,
  type Tensor,
} from "@muladd/tensor";

/** Where numbers stopped being finite. */
export interface Origin {
  /** The first op with a result that is NaN or infinite. */
  readonly op: string;
  /** The module whose parameter was used last before: "blocks.1.attention.qkv". */
  readonly module: string;
  readonly pass: "parameters" | "forward and backward pass";
}

/** Training that left the finite numbers. The parameters are as they were before the step or evaluation. */
export class DivergedError extends Error {
  override name = "DivergedError";
  constructor(
    /** The step that failed, from 1; of an evaluation, the steps done before it. */
    readonly step: number,
    /** `undefined` where there was none: a parameter was found when it was to be saved. */
    readonly loss: number | undefined,
    /** `undefined` for an evaluation, which has no gradient. */
    readonly gradNorm: number | undefined,
    readonly origin: Origin | undefined,
  ) {
    const bad = (x: number | undefined) => x !== undefined && !Number.isFinite(x);
    const what = bad(loss)
      ? `loss is ${loss}`
      : bad(gradNorm)
        ? `the gradient's norm is ${gradNorm}`
        : "a parameter is not finite";
    const where = origin ? ` (first in ${origin.module}, ${origin.op})` : "";
    super(`training diverged: ${what} at step ${step}${where}`);
  }
}

/**
 * Runs `body` again and finds the first op whose result is not finite. An attention mask's −∞ is not counted, nor what
 * ops hand on of it. Holds every result until the end: where memory does not suffice, it looks at those that there are.
 */
export async function findOrigin(model: object, body: () => void): Promise<Origin | undefined> {
  const names = new Map<Tensor, string>();
  for (const [name, p] of namedParameters(model)) {
    names.set(p, name);
    if (!(await finite(p))) return { op: "parameter", module: name, pass: "parameters" };
  }
  const seen: Seen[] = [];
  let module = "input";
  const note = ({ op, inputs, outs }: Event) => {
    for (const x of inputs)
      if (x instanceof Parameter) module = names.get(x)?.replace(/\.[^.]*$/, "") ?? module;
    const from = inputs.map((x) => x.buffer);
    for (const out of outs) seen.push({ op, module, from, out: keep(share(out)) });
  };
  try {
    try {
      observe({ observe: note }, body);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
    }
    const masked = new Set<BufferId>();
    for (const { op, module, from, out } of seen) {
      if (await finite(out)) continue;
      const isMask = MASKS.has(op) || from.some((buffer) => masked.has(buffer));
      if (!isMask || !(await finite(out, -Infinity)))
        return { op, module, pass: "forward and backward pass" };
      masked.add(out.buffer);
    }
    return undefined;
  } finally {
    for (const { out } of seen) out[Symbol.dispose]();
  }
}

interface Seen {
  readonly op: string;
  readonly module: string;
  /** The memory of its inputs. */
  readonly from: readonly BufferId[];
  readonly out: Tensor;
}

/** A constant may be −∞ by intent, and `select` puts it in its place: a mask is no fault. */
const MASKS: ReadonlySet<string> = new Set(["iota", "select"]);

/** Whether all of `t` is finite, or `allowed`. */
async function finite(t: Tensor, allowed = 0): Promise<boolean> {
  return (await t.data()).every((x) => Number.isFinite(x) || x === allowed);
}
