/** A head, or "average" over all heads of all layers. */
export interface Head {
  readonly layer: number;
  readonly head: number;
}

export interface Maps {
  readonly maps: readonly ArrayLike<number>[];
  readonly heads: number;
  readonly tokens: readonly string[];
}

/** The (T, T) weights of one head. */
export function headMap({ maps, heads, tokens }: Maps, { layer, head }: Head): Float32Array {
  const T = tokens.length;
  const map = maps[Math.min(layer, maps.length - 1)]!;
  const from = Math.min(head, heads - 1) * T * T;
  return Float32Array.from({ length: T * T }, (_, i) => map[from + i]!);
}

/** The mean over all layers and heads, (T, T). */
export function averageMap({ maps, heads, tokens }: Maps): Float32Array {
  const size = tokens.length ** 2;
  const mean = new Float32Array(size);
  for (const map of maps)
    for (let i = 0; i < heads * size; i++) mean[i % size]! += map[i]! / (maps.length * heads);
  return mean;
}

/** The keys that a query looks at the most, heaviest first. */
export function topKeys(
  map: ArrayLike<number>,
  T: number,
  query: number,
  count: number,
): { readonly key: number; readonly weight: number }[] {
  return Array.from({ length: query + 1 }, (_, key) => ({ key, weight: map[query * T + key]! }))
    .sort((a, b) => b.weight - a.weight || a.key - b.key)
    .slice(0, count);
}
