import type { Backend, FusedName, OpName } from "@muladd/tensor";

/** Everything that conformance asks about: each primitive and each fused op. */
export type AnyOp = OpName | FusedName;

export type CaseKind = "forward" | "gradient" | "fused" | "memory" | "order" | "model";

/** What a passing case found. */
export interface CaseReport {
  /** The worst error, relative to max(1, |expected|); 0 where a case compares no numbers. */
  readonly error: number;
  /** What that error was allowed to be. */
  readonly tolerance: number;
  /** Why nothing was compared: the backend composes this op, so that there is no kernel to compare. */
  readonly absent?: string;
  /** The reason of an exception under which the case failed, and its failure. */
  readonly excepted?: { readonly reason: string; readonly failure: string };
}

/** One claim about a backend. `run` makes a backend, disposes it, and throws an Error that names what differs and where. */
export interface Case {
  readonly name: string;
  readonly kind: CaseKind;
  /** The op that the case is evidence for; absent where it is about more than one. */
  readonly op?: AnyOp;
  run(): Promise<CaseReport>;
}

/** Makes the backend under test: a new one for each case. */
export type Create = () => Backend | Promise<Backend>;
