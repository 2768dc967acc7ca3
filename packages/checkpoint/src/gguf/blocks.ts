import { bitsOfHalf, FormatError, halfOfBits } from "@muladd/tensor";
import { type BlockType, TENSOR_TYPES } from "./tensor-types.ts";

/**
 * Blocks of quantized numbers, with the layout and the float32 arithmetic of `dequantize_row_*` and `quantize_row_q8_0_ref` in
 * https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c
 */

const { fround } = Math;
const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

function readHalf(bytes: Uint8Array, at: number): number {
  word[0] = bitsOfHalf(bytes[at]! | (bytes[at + 1]! << 8));
  return float[0]!;
}

/** Writes the numbers of the block that begins at `at` to `out` from `to`. */
type Unpack = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

/** A scale d (f16); 32 bytes q: d·q. */
const q8_0: Unpack = (bytes, at, out, to) => {
  const d = readHalf(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * ((bytes[at + 2 + i]! << 24) >> 24);
};

/** d (f16); 16 bytes, whose low halves are the first 16 numbers q: d·(q − 8). */
const q4_0: Unpack = (bytes, at, out, to) => {
  const d = readHalf(bytes, at);
  for (let i = 0; i < 16; i++) {
    const q = bytes[at + 2 + i]!;
    out[to + i] = d * ((q & 15) - 8);
    out[to + 16 + i] = d * ((q >> 4) - 8);
  }
};

/** d, m (f16); for each of 8 runs of 32 a scale s and a minimum l of 6 bits in 12 bytes; 128 bytes of halves q: d·s·q − m·l. */
const q4_k: Unpack = (bytes, at, out, to) => {
  const [d, m] = [readHalf(bytes, at), readHalf(bytes, at + 2)];
  const packed = bytes.subarray(at + 4, at + 16);
  for (let run = 0; run < 8; run++) {
    // The first four are whole; of the others, the low 4 bits are in the last four bytes and the high 2 above the first ones.
    const [scale, low] =
      run < 4
        ? [packed[run]! & 63, packed[run + 4]! & 63]
        : [
            (packed[run + 4]! & 15) | ((packed[run - 4]! >> 6) << 4),
            (packed[run + 4]! >> 4) | ((packed[run]! >> 6) << 4),
          ];
    const [step, least] = [fround(d * scale), fround(m * low)];
    const from = at + 16 + 32 * (run >> 1);
    const shift = 4 * (run & 1);
    for (let i = 0; i < 32; i++)
      out[to + 32 * run + i] = fround(step * ((bytes[from + i]! >> shift) & 15)) - least;
  }
};

/** 128 bytes of low halves, 64 of high 2 bits, a signed scale s for each run of 16, d (f16): d·s·(q − 32). */
const q6_k: Unpack = (bytes, at, out, to) => {
  const d = readHalf(bytes, at + 208);
  for (let i = 0; i < 256; i++) {
    const [half, quarter, column] = [i >> 7, (i >> 5) & 3, i & 31];
    const low = bytes[at + 64 * half + 32 * (quarter & 1) + column]! >> (4 * (quarter >> 1));
    const high = bytes[at + 128 + 32 * half + column]! >> (2 * quarter);
    const scale = (bytes[at + 192 + (i >> 4)]! << 24) >> 24;
    out[to + i] = fround(d * scale) * (((low & 15) | ((high & 3) << 4)) - 32);
  }
};

const UNPACK: Readonly<Record<BlockType, Unpack>> = {
  Q8_0: q8_0,
  Q4_0: q4_0,
  Q4_K: q4_k,
  Q6_K: q6_k,
};

/** The numbers that blocks stand for, in order. Throws FormatError unless `bytes` are whole blocks. */
export function dequantize(bytes: Uint8Array, dtype: BlockType): Float32Array<ArrayBuffer> {
  const { block, bytes: size } = TENSOR_TYPES[dtype];
  if (bytes.length % size !== 0)
    throw new FormatError(
      `dequantize: ${bytes.length} bytes are no whole number of ${dtype} blocks`,
    );
  const out = new Float32Array((bytes.length / size) * block);
  const unpack = UNPACK[dtype];
  for (let at = 0, to = 0; at < bytes.length; at += size, to += block) unpack(bytes, at, out, to);
  return out;
}

/**
 * Numbers as Q8_0, for a {@link writeGGUF}: of each 32, the largest becomes ±127. Bit for bit as ggml does it. Throws FormatError
 * unless they are whole blocks of numbers that a scale in f16 reaches.
 */
export function quantizeQ8_0(data: Float32Array): Uint8Array<ArrayBuffer> {
  const { block, bytes: size } = TENSOR_TYPES.Q8_0;
  if (data.length % block !== 0)
    throw new FormatError(`quantizeQ8_0: ${data.length} numbers are no whole blocks of ${block}`);
  const out = new Uint8Array((data.length / block) * size);
  for (let from = 0, at = 0; from < data.length; from += block, at += size) {
    let largest = 0;
    for (let i = from; i < from + block; i++) largest = Math.max(largest, Math.abs(data[i]!));
    const d = fround(largest / 127);
    // From 65520 on, a half is infinity.
    if (!(d < 65520))
      throw new FormatError(
        `quantizeQ8_0: numbers ${from} to ${from + block - 1} are not finite or too large for Q8_0; write the tensor as F32`,
      );
    const inverse = d === 0 ? 0 : fround(1 / d);
    float[0] = d;
    const half = halfOfBits(word[0]!);
    out[at] = half & 255;
    out[at + 1] = half >> 8;
    for (let i = 0; i < block; i++) {
      const x = fround(data[from + i]! * inverse);
      // Halves away from zero, as C's roundf.
      out[at + 2 + i] = Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
    }
  }
  return out;
}
