import type { CaseResult, OpRow } from "@muladd/conformance";
import type { Handlers } from "./engine.ts";
import { failureOf } from "./failures.ts";
import { type BackendName, openUnproven } from "./ladder.ts";
import type { Failure } from "./protocol.ts";

/** How far the suite is: a part of the answer. */
export interface SelfTestProgress {
  readonly done: number;
  readonly of: number;
  readonly name: string;
}

/** What the conformance suite found on this device. */
export interface SelfTestReport {
  /** The backend in words, with the device's name. */
  readonly title: string;
  readonly rows: readonly OpRow[];
  /** Cases about more than one op. */
  readonly others: readonly { readonly name: string; readonly failure?: Failure }[];
  readonly failures: readonly { readonly name: string; readonly failure: Failure }[];
  readonly passed: number;
  readonly seconds: number;
  /** Whether it was stopped before its end. */
  readonly stopped: boolean;
}

export interface SelfTestRequests {
  selfTest: { params: { readonly backend: BackendName }; result: SelfTestReport };
}

/** The suite that every backend must pass, on the visitor's own device. Each case opens a backend of its own. */
export const selfTest = (): Pick<Handlers, "selfTest"> => ({
  async selfTest({ backend: name }, { signal, part }) {
    const { backendCases, runCases } = await import("@muladd/conformance");
    const { backend, title } = await openUnproven(name);
    backend[Symbol.dispose]();
    const cases = [...backendCases(async () => (await openUnproven(name)).backend)];
    const start = performance.now();
    let done = 0;
    const begun = function* () {
      for (const one of cases) {
        if (signal.aborted) return;
        part({ done, of: cases.length, name: one.name } satisfies SelfTestProgress);
        yield one;
        done++;
      }
    };
    const summary = await runCases(begun());
    const told = ({ case: { name: of }, failure }: CaseResult) => ({
      name: of,
      ...(failure ? { failure: failureOf(failure) } : {}),
    });
    return {
      title,
      rows: summary.rows,
      others: summary.others.map(told),
      failures: summary.failures.map((f) => ({
        name: f.case.name,
        failure: failureOf(f.failure),
      })),
      passed: summary.passed,
      seconds: (performance.now() - start) / 1000,
      stopped: done < cases.length,
    };
  },
});
