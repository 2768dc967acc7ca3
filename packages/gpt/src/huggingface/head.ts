import type { StoredTensor } from "@muladd/checkpoint";
import { sameShape } from "@muladd/tensor";

/** Bytes compared at a time. */
const PIECE = 1 << 22;

/** Whether two stored tensors are the same numbers, stored alike. */
export async function equalTensors(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  for (let at = 0; at < a.byteLength; at += PIECE) {
    const end = Math.min(at + PIECE, a.byteLength);
    const [x, y] = await Promise.all([a.read(at, end), b.read(at, end)]);
    if (x.some((byte, i) => byte !== y[i])) return false;
  }
  return true;
}
