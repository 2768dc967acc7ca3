import { TokenizerFormatError } from "../errors.ts";
import { describe } from "../fields.ts";
import { character, flag, type Part, unsupported } from "./part.ts";

/** The character that a Metaspace, pre-tokenizer or decoder, writes for a space. */
export const separatorOf = ({ fields, path }: Part): string =>
  character(fields, "replacement", path);

/** Where a Metaspace puts its character before text. */
export function schemeOf({ fields, path }: Part): "first" | "always" | "never" {
  const named = fields.prepend_scheme ?? "always";
  if (named !== "first" && named !== "always" && named !== "never")
    throw unsupported(`${path}.prepend_scheme`, named, '"first", "always" or "never"');
  // In files from before there was a scheme this says it.
  if (flag(fields, "add_prefix_space", path, true)) return named;
  if (named !== "never")
    throw new TokenizerFormatError(
      `${path}.add_prefix_space`,
      `is false, and prepend_scheme is ${describe(named)}, so that Python cannot load it`,
      'set prepend_scheme to "never"',
    );
  return "never";
}
