import { lengthOf } from "./scan/classes.ts";
import { allowedIn } from "./specials.ts";
import type { Encoded, EncodeOptions, OffsetUnit } from "./tokenizer.ts";
import { encodeUtf8 } from "./utf8.ts";

/** How many units a character takes whose UTF-8 begins with `lead`. */
const unitsOf = (lead: number, unit: OffsetUnit): number => {
  if (unit === "byte") return lengthOf(lead);
  return unit === "utf16" && lead >= 0xf0 ? 2 : 1;
};

/**
 * Where an id has several names among `specials`: the allowed ones of each id, longest first. Only the text tells which
 * of them it holds.
 */
export function sharedNames(
  specials: ReadonlyMap<string, number>,
  options: EncodeOptions,
): ReadonlyMap<number, readonly Uint8Array[]> {
  const names = new Map<number, Uint8Array[]>();
  if (new Set(specials.values()).size === specials.size) return names;
  const allowed = allowedIn(options);
  for (const [content, id] of [...specials].sort(([a], [b]) => b.length - a.length))
    if (!allowed || allowed.has(content))
      names.set(id, [...(names.get(id) ?? []), encodeUtf8(content)]);
  return names;
}

/**
 * Where tokens are that spell `text` one after the other. `tokenStarts`: token `id` has as many bytes as `[id, id + 1)`;
 * `shared`: as {@link sharedNames} has it.
 */
export function offsetsOf(
  text: string,
  ids: Int32Array,
  tokenStarts: Uint32Array,
  unit: OffsetUnit,
  shared: ReturnType<typeof sharedNames>,
): Pick<Encoded, "starts" | "ends"> {
  const starts = new Uint32Array(ids.length);
  const ends = new Uint32Array(ids.length);
  const bytes = encodeUtf8(text);
  let byte = 0; // where the token begins
  let character = 0; // the first byte of the character there
  let units = 0; // before that character
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    const name = shared.get(id)?.find((one) => one.every((value, k) => bytes[byte + k] === value));
    const end = byte + (name?.length ?? tokenStarts[id + 1]! - tokenStarts[id]!);
    starts[i] = unit === "byte" ? byte : units;
    let after = units;
    while (character < end) {
      const lead = bytes[character]!;
      after += unitsOf(lead, unit);
      if (character + lengthOf(lead) > end) break;
      character += lengthOf(lead);
      units = after;
    }
    ends[i] = unit === "byte" ? end : after;
    byte = end;
  }
  return { starts, ends };
}
