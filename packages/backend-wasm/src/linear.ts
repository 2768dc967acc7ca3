import { BackendUnavailable } from "@muladd/tensor";

export const PAGE = 65536;
/** Of an address. */
export type Bits = 32 | 64;

/** Pages that a memory can have: 4 GiB, what 32-bit addresses reach; 16 GiB, what engines grant (scripts/memory64.mjs). */
const MOST_PAGES = { 32: 65536, 64: 262144 } as const;
/** Bytes that buffers can take: one page less, which is the module's, is reserved on top where 64 bits allow it. */
export const MAX_BYTES = { 32: MOST_PAGES[32] * PAGE, 64: (MOST_PAGES[64] - 2) * PAGE } as const;

/** A `WebAssembly.Memory` of either kind: engines count the pages of a 64-bit one in BigInt. */
export interface Linear {
  readonly wasm: WebAssembly.Memory;
  readonly bits: Bits;
  /** Bytes that it may grow to. */
  readonly most: number;
  /** Throws RangeError when so many more are not granted. */
  grow(pages: number): void;
}

/**
 * The memory that a module works on: two pages to begin with, and room to grow: of 32 bits to 4 GiB, or to 1 GiB on devices
 * that refuse to reserve so many addresses; of 64 bits to what `maxBytes` of buffers need. Throws BackendUnavailable when
 * that is not granted.
 */
export function createMemory(shared = false, bits: Bits = 32, maxBytes = MAX_BYTES[bits]): Linear {
  // Page 0 is the module's, and kernels may read past the last operand.
  const needed = Math.min(MOST_PAGES[64], Math.ceil(maxBytes / PAGE) + 2);
  const choices = bits === 64 ? [needed] : [MOST_PAGES[32], 16384];
  for (const maximum of choices)
    try {
      return bits === 64 ? wideMemory(maximum, shared) : memory(maximum, shared);
    } catch {
      // The next size.
    }
  const least = choices[choices.length - 1]! / 16384;
  throw new BackendUnavailable(
    "wasm",
    `the engine refused to reserve ${Math.round(10 * least) / 10} GiB of addresses`,
    bits === 64
      ? "ask for fewer maxBytes, or dispose backends that are no longer needed"
      : "dispose backends that are no longer needed, or close other pages",
  );
}

function memory(maximum: number, shared: boolean): Linear {
  const wasm = new WebAssembly.Memory({ initial: 2, maximum, shared });
  return { wasm, bits: 32, most: maximum * PAGE, grow: (pages) => void wasm.grow(pages) };
}

function wideMemory(maximum: number, shared: boolean): Linear {
  const descriptor = { address: "i64", initial: 2n, maximum: BigInt(maximum), shared };
  // TypeScript's library knows neither these descriptors nor that such a memory grows by BigInt.
  const wasm = new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor);
  const grow = (pages: number) => void wasm.grow(BigInt(pages) as unknown as number);
  return { wasm, bits: 64, most: maximum * PAGE, grow };
}
