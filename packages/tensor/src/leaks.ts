import type { Tensor } from "./tensor.ts";

/** A tensor that was collected as garbage while it still held device memory. */
export interface Leak {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The stack at the creation, outermost call last. */
  readonly site: string;
}

let registry: FinalizationRegistry<Leak> | undefined;

/** @internal */
export function trackLeak(t: Tensor): void {
  if (!registry) return;
  const site = (new Error().stack ?? "").split("\n").slice(3).join("\n");
  registry.register(t, { shape: t.shape, dtype: t.dtype, site }, t);
}

/** @internal */
export const untrackLeak = (t: Tensor): void => void registry?.unregister(t);

/**
 * Reports each tensor made from now on that the garbage collector finds undisposed, until the returned function is
 * called. For tests and development: it takes a stack trace per tensor. It never frees memory.
 */
export function onLeak(report: (leak: Leak) => void): () => void {
  const mine = new FinalizationRegistry<Leak>(report);
  const outer = registry;
  registry = mine;
  return () => {
    if (registry === mine) registry = outer;
  };
}
