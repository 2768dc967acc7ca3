import { type FusedName, fused, type OpName, ops } from "@muladd/tensor";
import type { AnyOp, Case, CaseReport, Create } from "./case.ts";
import { adamWCases } from "./cases/adamw.ts";
import { forwardCase } from "./cases/forward.ts";
import { fusedCase } from "./cases/fused.ts";
import { gradientCase } from "./cases/gradient.ts";
import { memoryCases } from "./cases/memory.ts";
import { orderCases } from "./cases/order.ts";
import { packedCases } from "./cases/packed.ts";
import { secondDerivativeCases } from "./cases/second-derivative.ts";
import { modelCases } from "./cases/tiny-gpt.ts";
import { samples } from "./samples.ts";

/** Failures that are known and accepted, by op and kind, each with its reason. */
export type Exceptions = {
  readonly [K in AnyOp]?: { readonly [kind in "forward" | "gradient" | "fused"]?: string };
};

export interface CaseOptions {
  /** An exception whose case passes is an error: it is to be removed. */
  readonly exceptions?: Exceptions;
}

/**
 * Everything that a backend must satisfy, as data, in an order that names the simplest fault first: values,
 * gradients, fused kernels against their compositions, second derivatives, memory, order, a tiny GPT. Each case makes
 * a backend of its own with `create` and disposes it, so they run alone, in any order, in a test, a page or a terminal.
 */
export function* backendCases(
  create: Create,
  { exceptions = {} }: CaseOptions = {},
): Iterable<Case> {
  for (const one of allCases(create)) yield withException(one, exceptions);
}

function* allCases(create: Create): Iterable<Case> {
  const primitives = Object.keys(ops) as OpName[];
  const fusedNames = (Object.keys(fused) as FusedName[]).filter(
    (op) => op !== "adamW" && op !== "linearPacked" && op !== "gatherPacked",
  );
  for (const op of [...primitives, ...fusedNames]) yield forwardCase(op, create);
  const [adamWForward, adamWFused, ...adamWMemory] = adamWCases(create);
  yield adamWForward!;
  for (const op of Object.keys(samples) as (keyof typeof samples)[]) yield gradientCase(op, create);
  for (const op of fusedNames) yield fusedCase(op, create);
  yield adamWFused!;
  yield* packedCases(create);
  yield* secondDerivativeCases(create);
  yield* memoryCases(create);
  yield* adamWMemory;
  yield* orderCases(create);
  yield* modelCases(create);
}

function withException(one: Case, exceptions: Exceptions): Case {
  const { op, kind } = one;
  if (!op || !(kind === "forward" || kind === "gradient" || kind === "fused")) return one;
  const reason = exceptions[op]?.[kind];
  if (reason === undefined) return one;
  return {
    ...one,
    run: async (): Promise<CaseReport> => {
      let failure: unknown;
      try {
        await one.run();
      } catch (error) {
        failure = error;
      }
      if (failure === undefined)
        throw new Error(`${one.name} passes, yet it is an exception ("${reason}"): remove that`);
      const text = failure instanceof Error ? failure.message : String(failure);
      return { error: 0, tolerance: 0, excepted: { reason, failure: text } };
    },
  };
}
