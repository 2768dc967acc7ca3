import type { Backend } from "./backend.ts";
import { BackendUnavailable } from "./errors.ts";

/**
 * The first backend that can be had, in the order of preference given. A factory that cannot serve throws
 * {@link BackendUnavailable}; when none can, one error lists every reason and remedy. Any other error is passed on.
 */
export async function firstAvailable(
  factories: readonly (() => Backend | Promise<Backend>)[],
): Promise<Backend> {
  const refusals: BackendUnavailable[] = [];
  for (const create of factories) {
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof BackendUnavailable)) throw error;
      refusals.push(error);
    }
  }
  throw new BackendUnavailable(
    "firstAvailable",
    `none of ${factories.length} backends can be had`,
    refusals.map((e) => e.message).join(" | ") || "name one backend at least",
  );
}
