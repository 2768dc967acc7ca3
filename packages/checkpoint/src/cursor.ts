import { FormatError } from "@muladd/tensor";
import type { ByteSource } from "./source.ts";

/** What is parsed goes on beyond the bytes at hand, and the source has them. Never leaves {@link parseHead}. */
class MoreBytes extends Error {}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads little-endian values one after the other. No length is believed before it is compared with the source's. */
export class Cursor {
  at = 0;
  readonly #view: DataView;

  /** `bytes`: the first of `size` bytes, which begin at byte `base` of the source that errors call `name`. */
  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
    readonly size: number = bytes.length,
    readonly base = 0,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An error that says where. */
  fail(why: string, at = this.at): FormatError {
    return new FormatError(`${this.name}: byte ${this.base + at}: ${why}`);
  }

  /** Throws FormatError unless `length` bytes are left for `what`. */
  need(length: number, what = "more"): void {
    const left = this.size - this.at;
    if (length > left)
      throw this.fail(`cut short: ${length} bytes are needed for ${what}, ${left} are left`);
  }

  /** Goes past `length` bytes; returns where they begin. */
  skip(length: number): number {
    this.need(length);
    if (this.at + length > this.bytes.length) throw new MoreBytes();
    this.at += length;
    return this.at - length;
  }

  take(length: number): Uint8Array {
    const begin = this.skip(length);
    return this.bytes.subarray(begin, begin + length);
  }

  text(length: number): string {
    return decoder.decode(this.take(length));
  }

  /** Text up to "\n", which is passed. */
  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    const text = this.text(end < 0 ? this.bytes.length + 1 - this.at : end - this.at);
    this.at++;
    return text;
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1));
  }
  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }
  f64(littleEndian = true): number {
    return this.#view.getFloat64(this.skip(8), littleEndian);
  }
  /** A u64 that counts something: exact up to 2^53, and beyond it larger than any source. */
  count(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }
}

/**
 * Parses the beginning of a source whose length is not known before. `parse` runs anew with four times the bytes whenever
 * it goes beyond those at hand, so a header is read without the tensors behind it.
 */
export async function parseHead<T>(source: ByteSource, parse: (cursor: Cursor) => T): Promise<T> {
  const { name, size } = source;
  for (let length = 1 << 16; ; length *= 4) {
    const bytes = await source.read(0, Math.min(length, size));
    try {
      return parse(new Cursor(bytes, name, size));
    } catch (error) {
      if (!(error instanceof MoreBytes)) throw error;
    }
  }
}
