/**
 * Counter-based random numbers: a draw is a pure function of (seed, stream, counter), so it is the same on every
 * backend, needs no state on the device, and a resumed run repeats nothing. Threefry-2x32 with 20 rounds:
 * Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", https://doi.org/10.1145/2063384.2063405
 */

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Encrypts the counter (c0, c1) under the key (k0, k1). All words are u32; the result is two u32 words. */
export function threefry(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0 | 0, k1 | 0, k0 ^ k1 ^ PARITY] as const;
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let block = 0; block < 5; block++) {
    for (let i = 0; i < 4; i++) {
      const r = ROTATIONS[(block % 2) * 4 + i]!;
      x = (x + y) | 0;
      y = ((y << r) | (y >>> (32 - r))) ^ x;
    }
    x = (x + keys[(block + 1) % 3]!) | 0;
    y = (y + keys[(block + 2) % 3]! + block + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}

/** A u32 word → [0, 1), a multiple of 2⁻²⁴: exact in float32. */
export const toUnit = (word: number): number => (word >>> 8) * 2 ** -24;

/**
 * What the `uniform` kernel computes: element i is word i mod 2 of threefry(key, (⌊i/2⌋, counter)), as {@link toUnit}.
 */
export function fillUniform(
  out: Float32Array | Float64Array,
  [k0, k1]: readonly [number, number],
  counter: number,
): void {
  for (let i = 0; i < out.length; i += 2) {
    const [a, b] = threefry(k0, k1, i >>> 1, counter);
    out[i] = toUnit(a);
    if (i + 1 < out.length) out[i + 1] = toUnit(b);
  }
}

/** 32-bit FNV-1a of a stream's name, so that streams of one seed differ. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** What an {@link Rng} needs to go on where it was. */
export interface RngState {
  readonly key: readonly [number, number];
  readonly counter: number;
}

/** A stream of random numbers. Streams of one seed but different names are independent. */
export class Rng {
  #counter: number;
  readonly key: readonly [number, number];

  /** `seed`: an integer in 0 … 2³²−1. Throws RangeError otherwise. */
  constructor(seed: number, stream = "") {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new RangeError(`seed ${seed} is not an integer between 0 and 4294967295`);
    this.key = [seed, hash(stream)];
    this.#counter = 0;
  }

  /** A stream of its own for each index (a training step, a layer): (seed, stream, i) → numbers. */
  static at(seed: number, stream: string, index: number): Rng {
    const rng = new Rng(seed, stream);
    const key = threefry(rng.key[0], rng.key[1], index >>> 0, Math.floor(index / 2 ** 32));
    return Rng.from({ key, counter: 0 });
  }

  static from({ key, counter }: RngState): Rng {
    const rng = new Rng(0);
    (rng as { key: readonly [number, number] }).key = key;
    rng.#counter = counter;
    return rng;
  }

  get state(): RngState {
    return { key: this.key, counter: this.#counter };
  }

  /** Takes the next draw: the counter that one `uniform` kernel call, or one host number, consumes. */
  draw(): { readonly key: readonly [number, number]; readonly counter: number } {
    return { key: this.key, counter: this.#counter++ };
  }

  /** A number in [0, 1), a multiple of 2⁻²⁴. */
  uniform(): number {
    const { key, counter } = this.draw();
    return toUnit(threefry(key[0], key[1], 0, counter)[0]);
  }

  /** An integer in 0 … n−1, for n up to 2³². 53 random bits, so the bias is below n · 2⁻⁵³. */
  integer(n: number): number {
    const { key, counter } = this.draw();
    const [a, b] = threefry(key[0], key[1], 0, counter);
    return Math.floor(((a >>> 5) * 2 ** 26 + (b >>> 6)) * 2 ** -53 * n);
  }

  /** `count` numbers of N(0, 1), by Box and Muller's transform. */
  normals(count: number): Float32Array {
    const { key, counter } = this.draw();
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const [a, b] = threefry(key[0], key[1], i >>> 1, counter);
      const radius = Math.sqrt(-2 * Math.log((a + 1) * 2 ** -32)); // a + 1: never log 0
      const angle = 2 * Math.PI * b * 2 ** -32;
      out[i] = radius * Math.cos(angle);
      if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
    }
    return out;
  }
}
