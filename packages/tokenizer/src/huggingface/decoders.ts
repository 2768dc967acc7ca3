import { fromByteLevel } from "../byte-level.ts";
import { id } from "../fields.ts";
import { tokenText } from "../show.ts";
import { Utf8Stream } from "../stream.ts";
import { encodeUtf8 } from "../utf8.ts";
import { schemeOf, separatorOf } from "./metaspace.ts";
import { character, type Part, parts, unsupported } from "./part.ts";
import { readReplace } from "./replace.ts";

/** Tokens in, tokens out, one at a time; `end` when there are no more. */
interface Stage {
  push(token: string): void;
  end(): void;
}

/** A decoder: makes a stage that writes to `out`. */
type Decoder = (out: (token: string) => void) => Stage;

/** What a `decoder` does. */
export interface DecoderChain {
  /** What the first decoders do to each token by itself. */
  readonly alone: (token: string) => string;
  /** The others, one after the other, ready for the tokens that `alone` gave. */
  readonly start: Decoder;
  /** What all of it makes of a token that stands between others. */
  readonly inside: (token: string) => string;
  /** Whether tokens such as `<0x0A>` stand for bytes. */
  readonly fallback: boolean;
  /** Whether it is a ByteLevel decoder and nothing else. */
  readonly byteLevel: boolean;
}

/** A change of each token by itself. */
const each =
  (change: (token: string) => string): Decoder =>
  (out) => ({ push: (token) => out(change(token)), end() {} });

/** The byte that a token such as `<0x0A>` stands for. */
export function fallbackByte(token: string): number | undefined {
  if (token.length !== 6 || !/^<0x[\da-fA-F]{2}>$/.test(token)) return undefined;
  return Number.parseInt(token.slice(3, 5), 16);
}

/** A run of byte tokens is text when it is UTF-8 as a whole, and else U+FFFD for each. */
const byteFallback: Decoder = (out) => {
  let run: number[] = [];
  const end = () => {
    if (run.length === 0) return;
    const bytes = Uint8Array.from(run);
    run = [];
    const text = tokenText(bytes);
    if (text !== undefined) out(text);
    else for (const _ of bytes) out("\ufffd");
  };
  return {
    push(token) {
      const byte = fallbackByte(token);
      if (byte !== undefined) run.push(byte);
      else {
        end();
        out(token);
      }
    },
    end,
  };
};

const byteLevel: Decoder = (out) => {
  const stream = new Utf8Stream();
  return {
    push: (token) => out(stream.push(fromByteLevel(token) ?? encodeUtf8(token))),
    end: () => out(stream.flush()),
  };
};

/** The separator is a space, and nothing at the start. */
const metaspace =
  (separator: string, prefixed: boolean): Decoder =>
  (out) => {
    let first = prefixed;
    return {
      push(token) {
        out(token.replaceAll(separator, first ? "" : " "));
        first = false;
      },
      end() {},
    };
  };

/** How often `content` is at the end of `text`, at most `most` times, in UTF-16 units. */
function atEnd(text: string, content: string, most: number): number {
  let end = text.length;
  for (let i = 0; i < most && text.endsWith(content, end); i++) end -= content.length;
  return text.length - end;
}

/** The same at its start. */
function atStart(text: string, content: string, most: number): number {
  let start = 0;
  for (let i = 0; i < most && text.startsWith(content, start); i++) start += content.length;
  return start;
}

/** Strips one text that arrives in parts: what could be stripped from its end is held. */
const strippedStream =
  (content: string, start: number, stop: number): Decoder =>
  (out) => {
    let left = start;
    let held = "";
    return {
      push(token) {
        const at = atStart(token, content, left);
        left = at < token.length ? 0 : left - at / content.length;
        const text = held + token.slice(at);
        const end = text.length - atEnd(text, content, stop);
        held = text.slice(end);
        out(text.slice(0, end));
      },
      end() {
        held = "";
      },
    };
  };

/** The `content` of a Strip: one character. */
function stripOf({ fields, path }: Part): [content: string, start: number, stop: number] {
  return [
    character(fields, "content", path),
    id(fields.start, `${path}.start`),
    id(fields.stop, `${path}.stop`),
  ];
}

const PLACE = { start: false, continued: false };

/** A decoder of single tokens. */
function aloneOf(part: Part): ((token: string) => string) | undefined {
  const { type } = part;
  if (type === "Replace") {
    const { apply } = readReplace(part);
    return (token) => apply(token, PLACE);
  }
  if (type !== "Strip") return undefined;
  const [content, start, stop] = stripOf(part);
  return (token) => {
    const rest = token.slice(atStart(token, content, start));
    return rest.slice(0, rest.length - atEnd(rest, content, stop));
  };
}

/** A decoder of one text that all tokens were fused to. */
function fusedOf(part: Part): Decoder {
  const { type, path } = part;
  if (type === "Strip") return strippedStream(...stripOf(part));
  const change = aloneOf(part);
  if (!change || !readReplace(part).single)
    throw unsupported(
      `${path}.type`,
      type,
      "Strip, or Replace of one character, after tokens are fused",
    );
  return each(change);
}

/** The `decoder` of a tokenizer.json. */
export function readDecoder(value: unknown): DecoderChain {
  const all = parts(value, "decoder", "decoders");
  if (all.length === 0)
    throw unsupported("decoder", value, "a decoder: without one there is no text to tokens");
  const aloneFirst: ((token: string) => string)[] = [];
  const rest: Decoder[] = [];
  let fused = false;
  for (const part of all) {
    const { type, path } = part;
    const alone = fused ? undefined : aloneOf(part);
    if (alone) {
      if (rest.length === 0) aloneFirst.push(alone);
      else rest.push(each(alone));
    } else if (type === "Fuse") fused = true;
    else if (fused) rest.push(fusedOf(part));
    else if (type === "ByteFallback") rest.push(byteFallback);
    else if (type === "ByteLevel") {
      rest.push(byteLevel);
      fused = true;
    } else if (type === "Metaspace")
      rest.push(metaspace(separatorOf(part), schemeOf(part) !== "never"));
    else
      throw unsupported(
        `${path}.type`,
        type,
        '"ByteLevel", "ByteFallback", "Fuse", "Replace", "Strip", "Metaspace" and Sequence',
      );
  }
  const start: Decoder = (out) =>
    rest.reduceRight<Stage>(
      (next, decoder) => {
        const stage = decoder((token) => next.push(token));
        return {
          push: (token) => stage.push(token),
          end() {
            stage.end();
            next.end();
          },
        };
      },
      { push: out, end() {} },
    );
  return {
    alone: (token) => aloneFirst.reduce((now, change) => change(now), token),
    start,
    inside(token) {
      let text = "";
      const stage = start((part) => {
        text += part;
      });
      // A letter first and last, so that nothing is taken from the ends.
      for (const one of ["a", token, "a"]) stage.push(one);
      stage.end();
      return text.slice(1, -1);
    },
    fallback: rest.includes(byteFallback),
    byteLevel: rest.length === 1 && rest[0] === byteLevel && aloneFirst.length === 0,
  };
}
