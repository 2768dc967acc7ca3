/** Whole numbers drawn from a seed, the same on every engine. */
export interface Random {
  /** A whole number in [0, n), for n in 1 … 2^32. */
  below(n: number): number;
}

const TWO_32 = 2 ** 32;

/**
 * Mixes a text into a 32-bit whole number: FNV-1a over UTF-16 units, then MurmurHash3's finalizer
 * (https://github.com/aappleby/smhasher), so that neighbouring texts land far apart.
 */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Chris Doty-Humphrey's sfc32 (PractRand), in 32-bit integer arithmetic alone.
 * @param seed a safe integer.
 * @param stream streams of one seed are independent: story 7 does not need stories 0 to 6.
 * @throws RangeError when either is not a safe integer.
 */
export function seeded(seed: number, stream = 0): Random {
  for (const [name, value] of Object.entries({ seed, stream })) {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`${name} must be a whole number of at most 53 bits, not ${value}`);
    }
  }
  let a = hash(`a${seed}/${stream}`);
  let b = hash(`b${seed}/${stream}`);
  let c = hash(`c${seed}/${stream}`);
  let counter = 1;
  const next = (): number => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  // Dividing by a power of two is exact and IEEE multiplication the same on every engine.
  return { below: (n) => Math.floor((next() / TWO_32) * n) };
}

/** One of `items`, each equally likely. Throws RangeError when there is none. */
export function pick<T>(random: Random, items: readonly T[]): T {
  if (items.length === 0) throw new RangeError("pick: the list is empty");
  return items[random.below(items.length)]!;
}
