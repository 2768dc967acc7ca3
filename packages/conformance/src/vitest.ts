import { describe, test } from "vitest";
import { backendCases, type CaseOptions } from "./backend-cases.ts";
import type { Case, Create } from "./case.ts";

/** Declares every case of {@link backendCases} as a test, and prints the exceptions that were needed. */
export function testBackend(name: string, create: Create, options: CaseOptions = {}): void {
  testCases(name, backendCases(create, options));
}

/** Declares cases as tests. */
export function testCases(name: string, cases: Iterable<Case>): void {
  describe(name, () => {
    for (const one of cases)
      test(one.name, async () => {
        const { excepted } = await one.run();
        if (excepted) console.warn(`${one.name}: ${excepted.reason}\n${excepted.failure}`);
      });
  });
}
