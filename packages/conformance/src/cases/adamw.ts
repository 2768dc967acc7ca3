import {
  type AdamWStep,
  adamW,
  type Backend,
  dispose,
  share,
  Tensor,
  tidy,
  Variable,
} from "@muladd/tensor";
import type { Case, Create } from "../case.ts";
import { type Evidence, FORWARD, onDevice } from "../compare.ts";
import { oracle } from "../differences.ts";
import { inputData } from "../inputs.ts";

const STEPS = 3;
const SHAPES = [[], [1], [2, 3], [257]] as const;

const step = (t: number): AdamWStep => ({
  rate: 0.01,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  decay: 0.1,
  correction1: 1 - 0.9 ** t,
  correction2: 1 - 0.95 ** t,
});

/** The only kernel that writes its inputs: what it writes, and what it must leave alone. */
export const adamWCases = (create: Create): Case[] => [
  {
    name: "forward: adamW",
    kind: "forward",
    op: "adamW",
    run: () =>
      onDevice(create, async (backend, evidence) => {
        for (const shape of SHAPES) {
          using truth = oracle();
          const [actual, expected] = await Promise.all([
            optimize(backend, shape, 0.5),
            optimize(truth, shape, 0.5),
          ]);
          compareStates(evidence, `adamW (${shape})`, actual, expected);
        }
        await zeroGradient(backend, evidence);
      }),
  },
  {
    name: "fused: adamW",
    kind: "fused",
    op: "adamW",
    run: async () => {
      let absent = false;
      const report = await onDevice(create, async (backend, evidence) => {
        absent = !backend.kernels.adamW;
        for (const shape of SHAPES) {
          const [inPlace, shared] = await Promise.all([
            optimize(backend, shape, 0.5),
            optimize(backend, shape, 0.5, true),
          ]);
          compareStates(evidence, `adamW (${shape}) in place against composed`, inPlace, shared);
        }
      });
      return absent ? { ...report, absent: "composed: the backend has no kernel" } : report;
    },
  },
  {
    name: "memory: adamW leaves everything as it was when the gradient's scale is NaN",
    kind: "memory",
    run: () =>
      onDevice(create, async (backend, evidence) => {
        for (const shared of [false, true]) {
          const before = await optimize(backend, [2, 3], 0.5, shared, 0);
          const after = await optimize(backend, [2, 3], Number.NaN, shared);
          for (const [i, expected] of before.entries())
            evidence.compare(`${NAMES[i]} after a step with NaN`, after[i]!, expected, 0);
        }
      }),
  },
  {
    name: "memory: adamW does not write memory that another tensor shares",
    kind: "memory",
    run: () =>
      onDevice(create, async (backend, evidence) => {
        const cells = state(backend, [2, 3]);
        const snapshots = cells.map(share);
        const before = await Promise.all(snapshots.map((t) => t.data()));
        update(backend, cells, [2, 3], 1, 0);
        const after = await Promise.all(snapshots.map((t) => t.data()));
        const moved = await Promise.all(cells.map((t) => t.data()));
        for (const [i, expected] of before.entries()) {
          evidence.compare(`a share of ${NAMES[i]}`, after[i]!, expected, 0);
          evidence.expect(
            moved[i]!.some((x, j) => x !== expected[j]),
            `${NAMES[i]} did not move`,
          );
        }
        dispose([cells, snapshots]);
      }),
  },
];

const NAMES = ["p", "m", "v"] as const;
type State = readonly [p: Variable, m: Variable, v: Variable];

function numbers(shape: readonly number[], index: number, domain: readonly [number, number]) {
  return inputData("adamW", { inputs: [{ shape, domain }], attrs: {} }, index)[0]!;
}

function state(backend: Backend, shape: readonly number[]): State {
  return tidy(() => {
    const cell = (index: number, domain: readonly [number, number]) =>
      new Variable(Tensor.from(backend, numbers(shape, index, domain), shape, "f32"));
    return [cell(1, [-1, 1]), cell(2, [-0.1, 0.1]), cell(3, [0, 0.01])];
  });
}

function update(
  backend: Backend,
  [p, m, v]: State,
  shape: readonly number[],
  scale: number,
  index: number,
): void {
  tidy(() => {
    const g = Tensor.from(backend, numbers(shape, 10 + index, [-1, 1]), shape, "f32");
    adamW(p, m, v, g, Tensor.from(backend, [scale], []), step(index + 1));
  });
}

/** p, m, v after some steps; with `shared` other tensors hold their memory, so that no kernel may write in place. */
async function optimize(
  backend: Backend,
  shape: readonly number[],
  scale: number,
  shared = false,
  steps = STEPS,
): Promise<ArrayLike<number>[]> {
  const cells = state(backend, shape);
  for (let t = 0; t < steps; t++) {
    const others = shared ? cells.map(share) : [];
    update(backend, cells, shape, scale, t);
    dispose(others);
  }
  const data = await Promise.all(cells.map((t) => t.data()));
  dispose(cells);
  return data;
}

function compareStates(
  evidence: Evidence,
  title: string,
  actual: readonly ArrayLike<number>[],
  expected: readonly ArrayLike<number>[],
): void {
  for (const [i, name] of NAMES.entries())
    evidence.compare(`${title}: ${name} after ${STEPS} steps`, actual[i]!, expected[i]!, FORWARD);
}

/** Where gradient and moments are 0 only decay moves a parameter, and 0 / 0 must not spoil it. */
async function zeroGradient(backend: Backend, evidence: Evidence): Promise<void> {
  const zeros = () => Tensor.from(backend, [0, 0], [2], "f32");
  const cells = tidy(() => {
    const p = new Variable(Tensor.from(backend, [2, -1], [2], "f32"));
    const [m, v] = [new Variable(zeros()), new Variable(zeros())];
    adamW(p, m, v, zeros(), Tensor.from(backend, [1], []), step(1));
    return [p, m, v] as const;
  });
  const [p, m, v] = await Promise.all(cells.map((t) => t.data()));
  dispose(cells);
  evidence.compare("adamW of a zero gradient: p", p!, [2 * 0.999, -0.999], FORWARD);
  evidence.compare("adamW of a zero gradient: m", m!, [0, 0], 0);
  evidence.compare("adamW of a zero gradient: v", v!, [0, 0], 0);
}
