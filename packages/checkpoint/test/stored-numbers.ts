import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { bytesSource, readSafetensors, type StoredTensor, type TensorStore } from "../src/index.ts";

const bytes = (file: string) =>
  new Uint8Array(readFileSync(new URL(`fixtures/${file}`, import.meta.url)));

/** A file that `tooling/fixtures` wrote. */
export const fixture = (file: string) => bytesSource(bytes(file), file);

/** By the definition of IEEE 754, so that it answers for nothing in `src`. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** Math.max(exponent - 15, -14) * ((exponent ? 1 : 0) + fraction / 1024);
}

function brain(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}

/** The numbers of a tensor of plain dtype. */
export async function numbersOf(tensor: StoredTensor): Promise<number[]> {
  const { buffer } = Uint8Array.from(await tensor.read());
  switch (tensor.dtype) {
    case "F64":
      return [...new Float64Array(buffer)];
    case "F32":
      return [...new Float32Array(buffer)];
    case "F16":
      return Array.from(new Uint16Array(buffer), half);
    case "BF16":
      return Array.from(new Uint16Array(buffer), brain);
    case "I64":
      return Array.from(new BigInt64Array(buffer), Number);
    case "U64":
      return Array.from(new BigUint64Array(buffer), Number);
    case "I32":
      return [...new Int32Array(buffer)];
    case "U32":
      return [...new Uint32Array(buffer)];
    case "I16":
      return [...new Int16Array(buffer)];
    case "U16":
      return [...new Uint16Array(buffer)];
    case "I8":
      return [...new Int8Array(buffer)];
    case "U8":
    case "BOOL":
      return [...new Uint8Array(buffer)];
    default:
      throw new Error(`${tensor.name} is ${tensor.dtype}`);
  }
}

/** Compares names, shapes and numbers of all tensors with those of a safetensors file. */
export async function expectNumbers(store: TensorStore, file: string): Promise<void> {
  const expected = readSafetensors(bytes(file)).tensors;
  expect([...store.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { shape, data }] of expected) {
    const tensor = store.tensors.get(name)!;
    expect([name, tensor.shape, await numbersOf(tensor)]).toEqual([name, shape, [...data]]);
  }
}
