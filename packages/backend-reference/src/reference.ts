import {
  type Backend,
  type BufferId,
  type FusedKernels,
  OutOfMemoryError,
  type TypedArray,
} from "@muladd/tensor";
import { fusedKernels } from "./fused.ts";
import { kernels } from "./kernels.ts";

export interface ReferenceOptions {
  /** "f64" holds "f32" tensors in doubles: the oracle that other backends answer to. Default "f32". */
  readonly precision?: "f32" | "f64";
  /** Fused kernels beside the ten. Default true; without them every fused op runs as its composition. */
  readonly fused?: boolean;
}

const MAX_BUFFER_BYTES = 2 ** 31;

/** Plain TypeScript, no build step, no tricks: what every kernel must compute. */
export function reference({ precision = "f32", fused = true }: ReferenceOptions = {}): Backend {
  const buffers = new Map<BufferId, TypedArray>();
  const Float = precision === "f64" ? Float64Array : Float32Array;
  const name = precision === "f64" ? "reference-f64" : "reference";
  let next = 1;
  let bytes = 0;
  let peakBytes = 0;

  const memory = (buffer: BufferId): TypedArray => {
    const data = buffers.get(buffer);
    if (!data) throw new Error(`${name}: buffer ${buffer} is not allocated`);
    return data;
  };

  return {
    name,
    limits: { maxBufferBytes: MAX_BUFFER_BYTES },
    kernels: {
      ...kernels(memory),
      ...((fused ? fusedKernels(memory) : {}) satisfies Partial<FusedKernels>),
    },
    get memory() {
      return { buffers: buffers.size, bytes, peakBytes };
    },
    alloc(elements, dtype) {
      const Elements = dtype === "i32" ? Int32Array : Float;
      const wanted = elements * Elements.BYTES_PER_ELEMENT;
      if (wanted > MAX_BUFFER_BYTES)
        throw new OutOfMemoryError(
          name,
          wanted,
          `a buffer holds ${MAX_BUFFER_BYTES} bytes at most`,
        );
      let data: TypedArray;
      try {
        data = new Elements(elements);
      } catch {
        throw new OutOfMemoryError(name, wanted, "the JavaScript engine refused it");
      }
      // Never zero by luck: a kernel that reads what nobody wrote must show.
      if (dtype === "f32") data.fill(Number.NaN);
      buffers.set(next, data);
      bytes += data.byteLength;
      peakBytes = Math.max(peakBytes, bytes);
      return next++;
    },
    free(buffer) {
      bytes -= memory(buffer).byteLength;
      buffers.delete(buffer);
    },
    write(buffer, data) {
      memory(buffer).set(data);
    },
    read: async (buffer) => memory(buffer).slice(),
    [Symbol.dispose]() {
      buffers.clear();
      bytes = 0;
    },
  };
}
