// f16 is IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of mantissa. Node 20 has no Float16Array.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The 16 bits of the f16 nearest to `x`, ties to even. |x| is below 65,520, where f16 ends. */
export function toHalf(x: number): number {
  float[0] = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (float[0] < 2 ** -14) {
    float[0] += 0.5; // beside 0.5 a float32 has steps of 2⁻²⁴, those of a subnormal f16
    return sign | (bits[0]! - 0x3f000000);
  }
  return sign | ((bits[0]! + 0xfff + ((bits[0]! >>> 13) & 1) - (112 << 23)) >>> 13);
}

/** The 16 bits of the bf16, which is the upper half of a float32, nearest to `x`, ties to even. */
export function toBrainHalf(x: number): number {
  float[0] = x;
  return (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) >>> 16;
}

function fromHalf(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const mantissa = h & 0x3ff;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + mantissa / 1024) : mantissa * 2 ** -24);
}

const tables: { f16?: Float32Array; bf16?: Float32Array } = {};

/** The value of each of the 65,536 patterns of 16 bits. */
export function halves(format: "f16" | "bf16"): Float32Array {
  tables[format] ??=
    format === "f16"
      ? Float32Array.from({ length: 65536 }, (_, h) => fromHalf(h))
      : new Float32Array(Uint32Array.from({ length: 65536 }, (_, h) => h << 16).buffer);
  return tables[format];
}
