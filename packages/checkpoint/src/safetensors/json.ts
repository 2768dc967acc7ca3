import { FormatError } from "@muladd/tensor";
import { duplicateKey } from "./duplicate-key.ts";

/** A JSON object, with unique keys. Throws FormatError: `what` of `name` is not one. */
export function parseObject(
  bytes: Uint8Array,
  name: string,
  what: string,
): Record<string, unknown> {
  const text = decode(bytes, name, what);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${name}: ${what} is not JSON (${message(cause)})`, { cause });
  }
  if (!isObject(value))
    throw new FormatError(`${name}: ${what} is ${excerpt(value)}, expected an object`);
  const twice = duplicateKey(text);
  if (twice !== undefined)
    throw new FormatError(`${name}: ${what} has the key ${JSON.stringify(twice)} twice`);
  return value;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value as errors show it: JSON, of a length that fits a line. */
export function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

const message = (cause: unknown): string => (cause instanceof Error ? cause.message : `${cause}`);

function decode(bytes: Uint8Array, name: string, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(`${name}: ${what} is not JSON (not UTF-8)`, { cause });
  }
}
