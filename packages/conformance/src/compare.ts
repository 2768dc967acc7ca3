import { type Backend, type Shape, show, watchTensors } from "@muladd/tensor";
import type { CaseReport, Create } from "./case.ts";

/**
 * Kernels against the float64 oracle. A float32 operation is good to 6e-8; a polynomial exp or erf, and sums of a few
 * hundred terms, stay below 2e-6. So 1e-5 has a margin of five, and a wrong formula does not fit into it.
 */
export const FORWARD = 1e-5;

/**
 * Gradients: a chain of two to five kernels and sums over broadcast axes, 4e-6 at worst as measured; the differences of
 * the oracle themselves are good to 2e-8.
 */
export const GRADIENT = 2e-5;

/** Two ways to compute one thing on one device, each good to {@link FORWARD}. */
export const SAME = 2e-5;

/** Errors of `terms` rounded products of size up to 4 add up like a random walk: by their root. */
export const dotProduct = (terms: number): number => Math.max(FORWARD, 2e-6 * Math.sqrt(terms));

const MAX_LISTED = 4;

/** Collects the comparisons of one case: the worst error of all, and every failure. */
export class Evidence {
  #error = 0;
  #tolerance = 0;
  #share = -1;
  readonly #failures: string[] = [];

  /** Element by element. NaN equals NaN; an infinity equals itself only; a tolerance of 0 wants equal numbers. */
  compare(
    what: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    tolerance: number,
  ): void {
    if (actual.length !== expected.length) {
      this.fail(`${what}: ${actual.length} elements, expected ${expected.length}`);
      return;
    }
    let worst = 0;
    let at = 0;
    for (let i = 0; i < expected.length; i++) {
      const error = difference(actual[i]!, expected[i]!);
      if (error > worst) [worst, at] = [error, i];
    }
    this.note(worst, tolerance);
    if (worst > tolerance)
      this.fail(
        `${what}: element ${at} is ${actual[at]}, expected ${expected[at]} ` +
          `(error ${worst.toExponential(1)} > ${Number(tolerance.toPrecision(2))})`,
      );
  }

  /** A comparison made elsewhere. */
  note(error: number, tolerance: number): void {
    const share = tolerance > 0 ? error / tolerance : error > 0 ? Infinity : 0;
    if (share <= this.#share) return;
    this.#share = share;
    this.#error = error;
    this.#tolerance = tolerance;
  }

  expect(holds: boolean, failure: string): void {
    if (!holds) this.fail(failure);
  }

  fail(failure: string): void {
    this.#failures.push(failure);
  }

  /** Throws when any comparison failed. */
  report(): CaseReport {
    const failures = this.#failures;
    if (failures.length === 0) return { error: this.#error, tolerance: this.#tolerance };
    const more = failures.length - MAX_LISTED;
    throw new Error(
      failures.slice(0, MAX_LISTED).join("\n") + (more > 0 ? `\n… and ${more} more` : ""),
    );
  }
}

/** |actual − expected| / max(1, |expected|). */
export function difference(actual: number, expected: number): number {
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  return Number.isNaN(error) ? Infinity : error;
}

type Body = (backend: Backend, evidence: Evidence) => void | Promise<void>;

/** Runs `body` on a backend of its own, which must hold as many buffers afterwards as before. */
export async function onDevice(create: Create, body: Body): Promise<CaseReport> {
  using backend = await create();
  const before = backend.memory.buffers;
  const evidence = new Evidence();
  await body(backend, evidence);
  const left = backend.memory.buffers - before;
  if (left !== 0)
    evidence.fail(`${left} buffers are left on the device${await whereMade(create, body)}`);
  return evidence.report();
}

/** Runs `body` again, remembering where tensors are made, which is slow; lists the first that nobody disposed. */
async function whereMade(create: Create, body: Body): Promise<string> {
  using backend = await create();
  const tensors = watchTensors();
  try {
    await body(backend, new Evidence());
    return tensors
      .left(backend)
      .slice(0, MAX_LISTED)
      .map(({ shape, dtype, site }) => {
        const lines = site.split("\n").slice(0, 6).join("\n");
        return `\n${dtype} ${show(shape)}, made\n${lines}`;
      })
      .join("");
  } finally {
    tensors.stop();
  }
}

/** "(2, 3) (3) {"axis":1}": what of an op is told apart in error messages. */
export const describe = (shapes: readonly Shape[], attrs: unknown): string => {
  const json = JSON.stringify(attrs ?? {});
  return [...shapes.map(show), ...(json === "{}" ? [] : [json])].join(" ");
};
