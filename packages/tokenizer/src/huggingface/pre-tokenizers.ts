import { GPT2, type Pretokenizer } from "../pretokenizer.ts";
import { lastBoundary } from "../scan/boundary.ts";
import type { Scanner } from "../scan/classes.ts";
import { digits } from "../scan/digits.ts";
import { beforeSeparator } from "../scan/separator.ts";
import { encodeUtf8 } from "../utf8.ts";
import { schemeOf, separatorOf } from "./metaspace.ts";
import { inSequence, type Normalizer, prepend, replace } from "./normalizer.ts";
import { flag, type Part, parts, unsupported } from "./part.ts";
import { KNOWN } from "./patterns.ts";
import { readBehavior, readPattern, splitter } from "./split.ts";

/** The last place in `bytes[start, end)` where a piece ends whatever follows, or `start`. */
export type Boundary = NonNullable<Pretokenizer["boundary"]>;

/** What a `pre_tokenizer` does. */
export interface PreTokenizer {
  /** Whether the model's tokens are written in byte-level characters. */
  readonly byteLevel: boolean;
  /** What it changes in a text between added tokens before it cuts: a space or a separator put before. */
  readonly changes: Normalizer | undefined;
  readonly scanners: readonly Scanner[];
  /** The last place in bytes where a piece ends whatever follows, of the first scanner; for streams. */
  readonly boundary: Boundary | undefined;
  /** The character that Metaspace writes for a space. */
  readonly separator: string | undefined;
  /** The same, where it ends pieces itself. */
  readonly cutsBefore: string | undefined;
  /** The pattern that cuts, if there is one only. */
  readonly pattern: string;
  /** Whether parts of the text may be removed. */
  readonly removes: boolean;
  /** Whether `changes` asks if a text stands at the start of all text. */
  readonly asksStart: boolean;
}

type Reading = Partial<PreTokenizer> & {
  /** Whether it ends pieces at numbers only, so that it moves no boundary of words. */
  readonly onlyNumbers?: boolean | undefined;
};

/** That of the first that cuts; what only looks at numbers leaves `lastBoundary` to what comes after it. */
function boundaryOf(readings: readonly Reading[]): Boundary | undefined {
  const cutting = readings.filter(({ scanners }) => scanners);
  const first = cutting.find(({ onlyNumbers }) => !onlyNumbers);
  if (first === cutting[0] || first?.boundary === lastBoundary) return first?.boundary;
  return undefined;
}

const space = (path: string, index: number): Normalizer => {
  if (index > 0) throw unsupported(path, true, "false after another pre-tokenizer");
  return prepend(" ", (first) => first !== " ");
};

function byteLevel({ fields, path }: Part, index: number): Reading {
  const prefix = flag(fields, "add_prefix_space", path)
    ? space(`${path}.add_prefix_space`, index)
    : undefined;
  const cut = flag(fields, "use_regex", path, true) ? GPT2 : undefined;
  return {
    byteLevel: true,
    ...(prefix && { changes: prefix }),
    ...(cut && { scanners: cut.scanners, boundary: cut.boundary, pattern: cut.pattern }),
  };
}

function split({ fields, path }: Part): Reading {
  const pattern = readPattern(fields, path);
  const behavior = readBehavior(fields, path);
  const invert = flag(fields, "invert", path, false);
  const known = pattern.regex ? KNOWN.get(pattern.text) : undefined;
  // These patterns match all of a text, so that what stands between matches is nothing.
  if (known && (behavior === "Isolated" || (behavior === "Removed" && invert))) return known;
  const { scanner, boundary } = splitter(pattern, { behavior, invert });
  const removes = behavior === "Removed";
  return { scanners: [scanner], boundary, pattern: pattern.text, removes };
}

function metaspace(part: Part, index: number): Reading {
  const { fields, path } = part;
  if (index > 0) throw unsupported(`${path}.type`, "Metaspace", "Metaspace before all others");
  const separator = separatorOf(part);
  const when = schemeOf(part);
  const cut = flag(fields, "split", path, true);
  const prefix = prepend(
    separator,
    (first, { start }) => first !== separator && (when === "always" || start),
  );
  const spaces = replace(" ", separator);
  return {
    changes: when === "never" ? spaces : inSequence([spaces, prefix]),
    separator,
    asksStart: when === "first",
    ...(cut && {
      scanners: [beforeSeparator(encodeUtf8(separator), false)],
      cutsBefore: separator,
    }),
  };
}

function read(part: Part, index: number): Reading {
  const { type, fields, path } = part;
  switch (type) {
    case "ByteLevel":
      return byteLevel(part, index);
    case "Split":
      return split(part);
    case "Digits":
      return {
        scanners: [digits(flag(fields, "individual_digits", path, false))],
        onlyNumbers: true,
      };
    case "Metaspace":
      return metaspace(part, index);
    default:
      throw unsupported(
        `${path}.type`,
        type,
        '"ByteLevel", "Split", "Digits", "Metaspace" and Sequence',
      );
  }
}

/** The `pre_tokenizer` of a tokenizer.json. */
export function readPreTokenizer(value: unknown): PreTokenizer {
  const all = parts(value, "pre_tokenizer", "pretokenizers");
  const at = all.findIndex(({ type }) => type === "ByteLevel");
  const next = all[at + 1];
  // After it text is byte-level characters.
  if (at >= 0 && next) throw unsupported(`${next.path}.type`, next.type, "ByteLevel as the last");
  const readings = all.map(read);
  return {
    byteLevel: at >= 0,
    changes: inSequence(readings.flatMap(({ changes }) => changes ?? [])),
    scanners: readings.flatMap(({ scanners }) => scanners ?? []),
    boundary: boundaryOf(readings),
    separator: readings[0]?.separator,
    cutsBefore: readings[0]?.cutsBefore,
    pattern: readings.map(({ pattern = "" }) => pattern).join(""),
    removes: readings.some(({ removes }) => removes),
    asksStart: readings.some(({ asksStart }) => asksStart),
  };
}
