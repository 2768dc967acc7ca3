import { TokenizerFormatError } from "../errors.ts";
import { array, describe, id, object, string } from "../fields.ts";
import { flag, type Part, parts, unsupported } from "./part.ts";

/** What a `post_processor` does to the ids of one text. */
export interface PostProcessor {
  /** Ids put before and after. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** How ByteLevel narrows offsets, in order; `shift`: how many ids were put before by then. */
  readonly trims: readonly { readonly prefixSpace: boolean; readonly shift: number }[];
}

/** The ids before and after the text in a TemplateProcessing. `size`: ids are below. */
function template({ fields, path }: Part, size: number): [number[], number[]] {
  const named = object(fields.special_tokens ?? {}, `${path}.special_tokens`);
  const sides: [number[], number[]] = [[], []];
  let texts = 0;
  for (const [i, item] of array(fields.single, `${path}.single`).entries()) {
    const at = `${path}.single[${i}]`;
    const piece = object(item, at);
    if (piece.Sequence !== undefined) {
      const sequence = object(piece.Sequence, `${at}.Sequence`);
      if (sequence.id !== "A") throw unsupported(`${at}.Sequence.id`, sequence.id, '"A"');
      texts++;
      continue;
    }
    const name = string(object(piece.SpecialToken, `${at}.SpecialToken`).id, `${at}.id`);
    const where = `${path}.special_tokens[${describe(name)}]`;
    if (!Object.hasOwn(named, name)) throw new TokenizerFormatError(where, "is missing");
    for (const value of array(object(named[name], where).ids, `${where}.ids`)) {
      const token = id(value, `${where}.ids`);
      if (token >= size)
        throw new TokenizerFormatError(`${where}.ids`, `${token} is not in the vocabulary`);
      sides[texts === 0 ? 0 : 1].push(token);
    }
  }
  if (texts !== 1)
    throw unsupported(`${path}.single`, fields.single, 'a template with { "Sequence": "A" } once');
  return sides;
}

/** The `post_processor` of a tokenizer.json whose ids are below `size`. */
export function readPostProcessor(value: unknown, size: number): PostProcessor {
  let [before, after]: [number[], number[]] = [[], []];
  const trims = [];
  for (const part of parts(value, "post_processor", "processors")) {
    const { type, fields, path } = part;
    if (type === "TemplateProcessing") {
      const [first, last] = template(part, size);
      [before, after] = [
        [...first, ...before],
        [...after, ...last],
      ];
    } else if (type === "ByteLevel") {
      const prefixSpace = flag(fields, "add_prefix_space", path, true);
      if (flag(fields, "trim_offsets", path, true))
        trims.push({ prefixSpace, shift: before.length });
    } else
      throw unsupported(`${path}.type`, type, '"TemplateProcessing", "ByteLevel" and Sequence');
  }
  return { before, after, trims };
}
