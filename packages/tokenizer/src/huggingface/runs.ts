import type { Beginning } from "../pipeline.ts";
import type { OffsetOptions } from "../tokenizer.ts";
import type { AddedToken, AddedTokens } from "./added-tokens.ts";
import type { Normalizer, Place } from "./normalizer.ts";

/** An added token, or text between added tokens, changed and ready to be cut into pieces. */
export interface Run {
  readonly token: AddedToken | undefined;
  readonly text: string;
  /** Where in the text as it came `sources` count from, in UTF-16 units. */
  readonly start: number;
  /** For each code point of `text` the code point whose place it has; undefined: the one with its own index. */
  readonly sources: readonly number[] | undefined;
}

/** Where runs come from. */
export interface RunParts {
  readonly added: AddedTokens;
  readonly normalizer: Normalizer | undefined;
  /** What a pre-tokenizer changes before it cuts. */
  readonly changes: Normalizer | undefined;
}

/** The place of a text between added tokens that begins at `start` of a stretch. */
export const placeOf = ({ first, afterToken }: Beginning, start: number): Place => ({
  start: first && start === 0,
  continued: !first && !afterToken && start === 0,
});

/** The same text, and its sources when they are `wanted`. */
function changed(
  change: Normalizer | undefined,
  text: string,
  place: Place,
  wanted: boolean,
): Pick<Run, "text" | "sources"> {
  if (!change) return { text, sources: undefined };
  if (!wanted) return { text: change.apply(text, place), sources: undefined };
  const traced = change.trace([...text], place);
  return { text: traced?.characters.join("") ?? text, sources: traced?.sources };
}

/** Where `[start, end)` of a changed text came from in the text before, in UTF-16 units. */
function origin(
  before: string,
  { text, sources }: Pick<Run, "text" | "sources">,
  start: number,
  end: number,
): [number, number] {
  if (!sources) return [start, end];
  const first = [...text.slice(0, start)].length;
  const points = sources.slice(first, first + [...text.slice(start, end)].length);
  const characters = [...before];
  const unit = (point: number) => characters.slice(0, point).join("").length;
  return [unit(Math.min(...points)), unit(Math.max(...points) + 1)];
}

/**
 * Added tokens are found in the text as it came; what is between them is normalized; added tokens that ask for it are
 * found there; what is between those is changed by the pre-tokenizer. `traced`: with sources, which `specialAt` needs. Throws
 * SpecialTokenError.
 */
export function* runs(
  { added, normalizer, changes }: RunParts,
  text: string,
  options: OffsetOptions | undefined,
  beginning: Beginning,
  traced: boolean,
): Generator<Run> {
  const allowed = added.check(text, options);
  const { raw, normalized } = added.among(allowed);
  const specialAt = options?.specialAt;
  for (const { start, end, token } of raw.cut(text, specialAt)) {
    const came = text.slice(start, end);
    if (token) {
      yield { token, text: came, start, sources: undefined };
      continue;
    }
    const place = placeOf(beginning, start);
    const normal = changed(normalizer, came, place, traced);
    const at: OffsetOptions["specialAt"] =
      specialAt &&
      ((...span) => {
        const [from, to] = origin(came, normal, ...span);
        return specialAt(start + from, start + to);
      });
    let before = 0; // code points before the part
    for (const part of normalized.cut(normal.text, at)) {
      const own = normal.text.slice(part.start, part.end);
      const here = part.start === 0 ? place : { start: false, continued: false };
      const change = part.token ? undefined : changes;
      const first = before;
      if (traced) before += [...own].length;
      const made = changed(change, own, here, traced);
      if (!normal.sources && !made.sources) {
        yield { token: part.token, text: made.text, start: start + part.start, sources: undefined };
        continue;
      }
      const indices = made.sources ?? Array.from(own, (_, i) => i);
      const sources = indices.map((at) => normal.sources?.[first + at] ?? first + at);
      yield { token: part.token, text: made.text, start, sources };
    }
  }
}
