import { leave, scoped } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/**
 * Runs `body` and frees every tensor it made, except those in its result (in arrays, maps, sets and object fields).
 * Synchronous only: a promise as the result is a type error, and throws.
 */
export function tidy<T>(body: () => T): T extends PromiseLike<unknown> ? never : T {
  return scoped(body, (result) => {
    if (typeof (result as { then?: unknown } | undefined)?.then === "function")
      throw new TypeError(
        "tidy: the body returned a promise; await outside of tidy, since a step is synchronous",
      );
    return tensorsIn(result);
  }) as never;
}

/** Takes `t` out of the current scope: from now on its owner disposes it. */
export function keep<T extends Tensor>(t: T): T {
  leave(t);
  return t;
}

/** Disposes every tensor in `x` (in arrays, maps, sets and object fields). */
export function dispose(x: unknown): void {
  for (const t of tensorsIn(x)) t[Symbol.dispose]();
}

function* tensorsIn(x: unknown, seen = new Set<unknown>()): Iterable<Tensor> {
  if (typeof x !== "object" || x === null || seen.has(x)) return;
  seen.add(x);
  if (x instanceof Tensor) yield x;
  else if (x instanceof Map)
    for (const [k, v] of x) {
      yield* tensorsIn(v, seen);
      // A map from tensors names them, it does not own them.
      if (!(k instanceof Tensor)) yield* tensorsIn(k, seen);
    }
  else if (Array.isArray(x) || x instanceof Set) for (const v of x) yield* tensorsIn(v, seen);
  else if (!ArrayBuffer.isView(x)) for (const v of Object.values(x)) yield* tensorsIn(v, seen);
}
