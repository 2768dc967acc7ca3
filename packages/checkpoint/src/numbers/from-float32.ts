import { brainOfBits, halfOfBits } from "@muladd/tensor";

/**
 * Numbers as they are stored, in memory of their own: F16 and BF16 are the nearest, ties to even. What is too large for F16
 * (65520 and more) is infinity.
 */
export function fromFloat32(
  data: Float32Array,
  dtype: "F32" | "F16" | "BF16",
): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength, length } = data;
  if (dtype === "F32") return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
  const from = new Uint32Array(buffer, byteOffset, length);
  const to = new Uint16Array(length);
  // Two loops, so that each calls one function, which is then inlined.
  if (dtype === "F16") for (let i = 0; i < length; i++) to[i] = halfOfBits(from[i]!);
  else for (let i = 0; i < length; i++) to[i] = brainOfBits(from[i]!);
  return new Uint8Array(to.buffer);
}
