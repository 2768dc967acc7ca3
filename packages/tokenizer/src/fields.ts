import { TokenizerFormatError } from "./errors.ts";

/** A JSON object whose fields are yet to be checked. */
export type Fields = { readonly [name: string]: unknown };

/** What `value` is, for an error message. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

const wrong = (path: string, wanted: string, value: unknown): TokenizerFormatError =>
  new TokenizerFormatError(
    path,
    value === undefined
      ? `is missing (${wanted} is needed)`
      : `is ${describe(value)}, not ${wanted}`,
  );

/** `value` as an object. Throws {@link TokenizerFormatError} naming `path`. */
export function object(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(path, "an object", value);
  return value as Fields;
}

/** `value` as an array. Throws {@link TokenizerFormatError} naming `path`. */
export function array(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, "an array", value);
  return value;
}

/** `value` as a string. Throws {@link TokenizerFormatError} naming `path`. */
export function string(value: unknown, path: string): string {
  if (typeof value !== "string") throw wrong(path, "a string", value);
  return value;
}

/** `value` as an id: an integer ≥ 0. Throws {@link TokenizerFormatError} naming `path`. */
export function id(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw wrong(path, "an integer of 0 or more", value);
  return value;
}
