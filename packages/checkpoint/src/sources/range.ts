import { FormatError } from "@muladd/tensor";

/** Throws FormatError unless begin … end−1 are bytes of a file of `size` bytes. */
export function checkRange(name: string, size: number, begin: number, end: number): void {
  if (!(Number.isSafeInteger(begin) && Number.isSafeInteger(end) && 0 <= begin && begin <= end))
    throw new FormatError(`${name}: bytes ${begin} to ${end} are not a range`);
  if (end > size)
    throw new FormatError(
      `${name}: cut short: bytes ${begin} to ${end} are needed, the file has ${size}`,
    );
}

/** The error of a source that gave fewer bytes than its size promised. */
export const cutShort = (name: string, begin: number, end: number, found: number): FormatError =>
  new FormatError(
    `${name}: cut short while it was read: expected ${end - begin} bytes at ${begin}, found ${found}; try again when it is no longer written to`,
  );
