import type { Backend } from "./backend.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor that still holds device memory when nobody will dispose it any more. */
export interface Leak {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The stack at the creation, outermost call last. */
  readonly site: string;
}

interface Watcher {
  made(t: Tensor, leak: Leak): void;
  disposed(t: Tensor): void;
}

const watchers = new Set<Watcher>();

/** @internal */
export function trackLeak(t: Tensor): void {
  if (watchers.size === 0) return;
  const site = (new Error().stack ?? "").split("\n").slice(3).join("\n");
  for (const watcher of watchers) watcher.made(t, { shape: t.shape, dtype: t.dtype, site });
}

/** @internal */
export function untrackLeak(t: Tensor): void {
  for (const watcher of watchers) watcher.disposed(t);
}

function watch(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/**
 * Reports each tensor made from now on that the garbage collector finds undisposed, until the returned function is
 * called. For tests and development: it takes a stack trace per tensor. It never frees memory.
 */
export function onLeak(report: (leak: Leak) => void): () => void {
  const registry = new FinalizationRegistry<Leak>((leak) => {
    if (watchers.has(watcher)) report(leak);
  });
  const watcher: Watcher = {
    made: (t, leak) => registry.register(t, leak, t),
    disposed: (t) => void registry.unregister(t),
  };
  return watch(watcher);
}

/**
 * Remembers each tensor made from now on until it is disposed: for a test that must end with an empty device, and says
 * what is left when it does not. `left` lists what is on `backend`, oldest first.
 */
export function watchTensors(): { left(backend: Backend): Leak[]; stop(): void } {
  const live = new Map<Tensor, Leak>();
  const stop = watch({
    made: (t, leak) => void live.set(t, leak),
    disposed: (t) => void live.delete(t),
  });
  return {
    left: (backend) => [...live].filter(([t]) => t.backend === backend).map(([, leak]) => leak),
    stop,
  };
}
