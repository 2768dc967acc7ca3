import { FormatError, type Shape, show, size } from "@muladd/tensor";
import { BYTES, type PlainType } from "../dtypes.ts";
import { PREFIX } from "./header.ts";

interface Described {
  readonly name: string;
  readonly dtype: PlainType;
  readonly shape: Shape;
  /** Checked against the shape, where it is known already. */
  readonly data?: { readonly length: number };
}

export const byteLength = ({ dtype, shape }: Described): number => BYTES[dtype] * size(shape);

const RANKS: readonly string[] = Object.keys(BYTES);

/**
 * The first bytes of a file with these tensors, the order in which their bytes follow, and the size of the whole. The bytes are
 * those of the format's own writer: the largest numbers first, then by name, the header padded to a multiple of 8 with
 * spaces; so every tensor is aligned. `format: "pt"` is there unless `metadata` says otherwise, since older readers ask for it.
 */
export function encodeHeader<T extends Described>(
  tensors: readonly T[],
  metadata: Readonly<Record<string, string>>,
): { head: Uint8Array; order: readonly T[]; size: number } {
  const order = tensors.toSorted(
    (a, b) => RANKS.indexOf(a.dtype) - RANKS.indexOf(b.dtype) || (a.name < b.name ? -1 : 1),
  );
  let at = 0;
  const entries = order.map((tensor) => {
    const { name, dtype, shape, data } = tensor;
    if (name === "__metadata__")
      throw new FormatError("safetensors: a tensor cannot be called __metadata__");
    if (data && data.length !== size(shape))
      throw new FormatError(`safetensors: ${name} has ${data.length} numbers for ${show(shape)}`);
    const begin = at;
    at += byteLength(tensor);
    return [name, { dtype, shape, data_offsets: [begin, at] }] as const;
  });
  // By hand: an object would put names such as "0" first.
  const json = [["__metadata__", { format: "pt", ...metadata }] as const, ...entries]
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(",");
  const text = new TextEncoder().encode(`{${json}}`);
  const head = new Uint8Array(PREFIX + Math.ceil(text.length / 8) * 8).fill(0x20);
  head.set(text, PREFIX);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - PREFIX), true);
  return { head, order, size: head.length + at };
}
