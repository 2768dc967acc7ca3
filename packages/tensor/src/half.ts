/**
 * Half precision in bits: binary16 (IEEE 754: 1 sign, 5 exponent with bias 15, 10 mantissa) and bfloat16, which is the upper
 * half of a float32. NaN keeps as much of its payload as fits.
 */

/** The bits of a float32 of the same value. */
export function bitsOfHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  if (mantissa === 0) return sign >>> 0;
  // Subnormal, mantissa · 2⁻²⁴: its highest one becomes the hidden one.
  const shift = Math.clz32(mantissa) - 21;
  return (sign | ((113 - shift) << 23) | ((mantissa << (shift + 13)) & 0x7fffff)) >>> 0;
}

/** The binary16 nearest to a float32, given and answered in bits; ties to even, infinity from 65520 on. */
export function halfOfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7c00 | ((size >>> 13) & 0x3ff || 1);
  if (size >= 0x47800000) return sign | 0x7c00;
  // A carry out of the mantissa is the next exponent, and out of the largest, infinity.
  if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  const shift = 126 - (size >>> 23);
  if (shift > 24) return sign;
  const mantissa = (size & 0x7fffff) | 0x800000;
  const low = mantissa & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  const kept = mantissa >>> shift;
  return sign | (kept + (low > tie || (low === tie && kept & 1) ? 1 : 0));
}

/** The bfloat16 nearest to a float32, given and answered in bits; ties to even. */
export function brainOfBits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | (bits & 0x7f0000 ? 0 : 1);
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

const tables: { f16?: Float32Array; bf16?: Float32Array } = {};

/** The value of each of the 65,536 patterns of 16 bits. */
export function halves(format: "f16" | "bf16"): Float32Array {
  tables[format] ??= new Float32Array(
    Uint32Array.from({ length: 65536 }, (_, half) =>
      format === "f16" ? bitsOfHalf(half) : half << 16,
    ).buffer,
  );
  return tables[format];
}
