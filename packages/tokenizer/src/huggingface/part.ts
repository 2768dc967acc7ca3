import { TokenizerFormatError } from "../errors.ts";
import { describe, type Fields, object, string } from "../fields.ts";

/** What a file asks for and this package does not do. */
export const unsupported = (
  path: string,
  value: unknown,
  supported: string,
): TokenizerFormatError =>
  new TokenizerFormatError(
    path,
    `${describe(value)} is not supported`,
    `supported is ${supported}; read this tokenizer with the software that wrote it`,
  );

/** Throws unless `fields[name]` is absent, null or among `allowed`. */
export function only(
  fields: Fields,
  name: string,
  path: string,
  allowed: readonly unknown[],
): void {
  const value = fields[name];
  if (value === undefined || value === null || allowed.includes(value)) return;
  throw unsupported(
    path,
    value,
    ["null", ...allowed.map((one) => JSON.stringify(one))].join(" or "),
  );
}

/** `fields[name]` as a boolean, `missing` when it is absent or null. */
export function flag(fields: Fields, name: string, path: string, missing?: boolean): boolean {
  const value = fields[name] ?? missing;
  if (typeof value !== "boolean")
    throw new TokenizerFormatError(`${path}.${name}`, `is ${describe(value)}, not true or false`);
  return value;
}

/** `fields[name]` as text that is well-formed and not empty. */
export function words(fields: Fields, name: string, path: string): string {
  const text = string(fields[name], `${path}.${name}`);
  if (text === "") throw new TokenizerFormatError(`${path}.${name}`, "is empty");
  if (/\p{Surrogate}/u.test(text))
    throw new TokenizerFormatError(`${path}.${name}`, "holds a lone surrogate");
  return text;
}

/** `fields[name]` as one character. */
export function character(fields: Fields, name: string, path: string): string {
  const text = words(fields, name, path);
  if ([...text].length !== 1)
    throw new TokenizerFormatError(
      `${path}.${name}`,
      `is ${describe(text)}, which is not one character`,
    );
  return text;
}

/** A part with a type, such as a normalizer. `path`: where it is in the file. */
export interface Part {
  readonly type: string;
  readonly fields: Fields;
  readonly path: string;
}

/** The parts of `value`: none for null, those of a Sequence, of Sequences in it too, or the one. `list`: its field's name. */
export function parts(value: unknown, path: string, list: string, depth = 0): readonly Part[] {
  if (value === undefined || value === null) return [];
  const fields = object(value, path);
  const type = string(fields.type, `${path}.type`);
  if (type !== "Sequence") return [{ type, fields, path }];
  if (depth > 8) throw new TokenizerFormatError(path, "is a Sequence in a Sequence, too deep");
  const items = fields[list];
  if (!Array.isArray(items))
    throw new TokenizerFormatError(`${path}.${list}`, `is ${describe(items)}, not an array`);
  return items.flatMap((item: unknown, i) => {
    if (item === null) throw new TokenizerFormatError(`${path}.${list}[${i}]`, "is null");
    return parts(item, `${path}.${list}[${i}]`, list, depth + 1);
  });
}
