import { lengthOf } from "./scan/classes.ts";
import type { Encoded, OffsetUnit } from "./tokenizer.ts";
import { encodeUtf8 } from "./utf8.ts";

/** How many units a character takes whose UTF-8 begins with `lead`. */
const unitsOf = (lead: number, unit: OffsetUnit): number => {
  if (unit === "byte") return lengthOf(lead);
  return unit === "utf16" && lead >= 0xf0 ? 2 : 1;
};

/** Where tokens are that spell `text` one after the other. `tokenStarts`: token `id` has as many bytes as `[id, id + 1)`. */
export function offsetsOf(
  text: string,
  ids: Int32Array,
  tokenStarts: Uint32Array,
  unit: OffsetUnit,
): Pick<Encoded, "starts" | "ends"> {
  const starts = new Uint32Array(ids.length);
  const ends = new Uint32Array(ids.length);
  const bytes = encodeUtf8(text);
  let byte = 0; // where the token begins
  let character = 0; // the first byte of the character there
  let units = 0; // before that character
  for (let i = 0; i < ids.length; i++) {
    const end = byte + tokenStarts[ids[i]! + 1]! - tokenStarts[ids[i]!]!;
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
