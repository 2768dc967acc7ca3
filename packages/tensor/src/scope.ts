// Scopes are kept apart from Tensor so that both stay small; they need nothing of it but that it can be disposed.

const scopes: Set<Disposable>[] = [];

/** @internal Registers what was made with the innermost scope. */
export const enter = (t: Disposable): void => void scopes.at(-1)?.add(t);

/** @internal */
export function leave(t: Disposable): void {
  for (let i = scopes.length - 1; i >= 0; i--) if (scopes[i]!.delete(t)) return;
}

/** @internal Runs `body`, then disposes all that entered meanwhile, except what `survivors` finds in the result. */
export function scoped<T, D extends Disposable>(
  body: () => T,
  survivors: (result: T) => Iterable<D>,
): T {
  const scope = new Set<Disposable>();
  scopes.push(scope);
  const kept = new Set<Disposable>();
  try {
    const result = body();
    for (const t of survivors(result)) kept.add(t);
    return result;
  } finally {
    scopes.pop();
    const outer = scopes.at(-1);
    for (const t of scope)
      if (kept.has(t)) outer?.add(t);
      else t[Symbol.dispose]();
  }
}
