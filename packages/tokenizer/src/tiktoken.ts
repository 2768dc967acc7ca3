import { type AnyBPE, type BPEForm, type BPEModel, BPETokenizer } from "./bpe-tokenizer.ts";
import { ByteTable, hashOf } from "./byte-table.ts";
import { type Encoding, type EncodingName, encodings } from "./encodings.ts";
import { TokenizerFormatError } from "./errors.ts";
import { FORMAT, type TiktokenJSON } from "./format.ts";
import { rankedMerges } from "./merge.ts";
import { encodeUtf8 } from "./utf8.ts";
import { Vocabulary } from "./vocabulary.ts";

const BLANK = 0x20;
const NEWLINE = 0x0a;
const EXCLAMATION = 0x21;
const PAD = 0x3d;

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < DIGITS.length; i++) VALUES[DIGITS.charCodeAt(i)] = i;

/** Tokens one after the other, each at its rank. */
class Builder {
  readonly table: ByteTable;
  readonly holes = new Set<number>();
  readonly #specials: ReadonlyMap<number, string>;
  #token = new Uint8Array(256);

  constructor(bytes: number, specials: ReadonlyMap<string, number>) {
    this.table = new ByteTable(2 ** 17, bytes);
    this.#specials = new Map([...specials].map(([content, id]) => [id, content]));
  }

  /** `text[from, to)` in base64 is the token of `rank`. */
  base64(text: Uint8Array, from: number, to: number, rank: number, line: number): void {
    if (3 * (to - from) > 4 * this.#token.length) this.#token = new Uint8Array(to - from);
    let length = 0;
    let bits = 0;
    let held = 0;
    let end = to;
    while (end > from && text[end - 1] === PAD) end--;
    for (let i = from; i < end; i++) {
      const value = VALUES[text[i]!]!;
      if (value < 0) throw broken(line, "holds a token that is not base64");
      held = ((held << 6) | value) & 0xffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        this.#token[length++] = (held >> bits) & 0xff;
      }
    }
    if (length === 0) throw broken(line, "holds an empty token");
    this.token(this.#token, length, rank, line);
  }

  token(bytes: Uint8Array, length: number, rank: number, line: number): void {
    if (rank < this.table.size || rank > this.table.size + MOST_HOLES)
      throw broken(line, `has rank ${rank} after ${this.table.size - 1}; ranks must ascend`);
    const special = this.#specials.get(rank);
    if (special !== undefined)
      throw broken(line, `has rank ${rank}, the id of ${JSON.stringify(special)}`);
    this.skipTo(rank);
    const hash = hashOf(bytes, 0, length);
    if (this.table.find(bytes, 0, length, hash) >= 0) throw broken(line, "holds a token again");
    this.table.add(bytes, 0, length, hash);
  }

  /** Fills the ids below `rank` that no rank took: specials, or nothing. */
  skipTo(rank: number): void {
    while (this.table.size < rank) {
      const special = encodeUtf8(this.#specials.get(this.table.size) ?? "");
      const id = this.table.append(special, 0, special.length);
      if (special.length === 0) this.holes.add(id);
    }
  }
}

const broken = (where: number | string, problem: string): TokenizerFormatError =>
  new TokenizerFormatError(
    typeof where === "number" ? `line ${where}` : where,
    problem,
    "pass this encoding's .tiktoken file, or npm's ranks",
  );

/** Calls `field` with each part of `text` that stands between blanks, and the number of its line. */
function eachField(
  text: Uint8Array,
  field: (from: number, to: number, line: number, column: number) => void,
): void {
  let line = 1;
  let column = 0;
  for (let i = 0; i < text.length; ) {
    const byte = text[i]!;
    if (byte === NEWLINE) {
      line++;
      column = 0;
      i++;
    } else if (byte <= BLANK) i++;
    else {
      const from = i;
      while (text[i]! > BLANK) i++; // false after the end
      field(from, i, line, column++);
    }
  }
}

/** The number that `text[from, to)` writes. */
function decimal(text: Uint8Array, from: number, to: number, line: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text[i]! - 0x30;
    if (digit < 0 || digit > 9 || value > 2 ** 32)
      throw broken(line, "holds a rank that is no number");
    value = 10 * value + digit;
  }
  return value;
}

/** Ids that no token has, at most, between those that tokens have. */
export const MOST_HOLES = 2 ** 16;

/** `<base64> <rank>` a line, or packed: `! <first rank> <base64> <base64> …`. */
function readRanks(text: Uint8Array, specials: ReadonlyMap<string, number>): Builder {
  const builder = new Builder(text.length, specials);
  const packed = text[0] === EXCLAMATION;
  let rank = 0;
  let [from, to, open] = [0, 0, 0];
  eachField(text, (start, end, line, column) => {
    if (packed) {
      if (column === 1) rank = decimal(text, start, end, line);
      else if (column > 1) builder.base64(text, start, end, rank++, line);
    } else if (column === 0) {
      if (open > 0) throw broken(open, "has no rank");
      [from, to, open] = [start, end, line];
    } else if (column === 1 && open === line) {
      builder.base64(text, from, to, decimal(text, start, end, line), line);
      open = 0;
    } else throw broken(line, "has more than a token and its rank");
  });
  if (open > 0) throw broken(open, "has no rank");
  return builder;
}

/**
 * A tokenizer as tiktoken makes it: `ranks` is a `.tiktoken` file, its text or bytes, or the `bpe_ranks` of the npm
 * packages `tiktoken` and `js-tiktoken`; `encoding` says how text is cut and what the specials are, by name or in full.
 * Throws {@link TokenizerFormatError}, also when the ranks are not as many as the named encoding has.
 */
export function tiktoken(
  ranks: string | Uint8Array,
  encoding: EncodingName | Encoding,
): BPETokenizer<TiktokenJSON> {
  const { pretokenizer, specials } = typeof encoding === "string" ? encodings[encoding] : encoding;
  const builder = readRanks(typeof ranks === "string" ? encodeUtf8(ranks) : ranks, specials);
  const { table, holes } = builder;
  if (typeof encoding === "string" && table.size !== encodings[encoding].ranks)
    throw broken(
      "(whole file)",
      `has ${table.size} ranks, not ${encodings[encoding].ranks} of ${encoding}`,
    );
  for (let byte = 0; byte < 256; byte++) {
    const one = Uint8Array.of(byte);
    if (table.find(one, 0, 1, hashOf(one, 0, 1)) < 0)
      throw broken("(whole file)", `byte ${byte} has no rank`);
  }
  builder.skipTo(Math.max(-1, ...specials.values()) + 1);
  const vocabulary = new Vocabulary(table, holes);
  const model = { vocabulary, merges: undefined, wholePieces: true, pretokenizer, specials };
  return new BPETokenizer(model, form);
}

const form: BPEForm<TiktokenJSON> = {
  merges: ({ vocabulary }) => rankedMerges(vocabulary.table),
  save: (model) => ({
    muladd: FORMAT,
    type: "tiktoken",
    pattern: model.pretokenizer.pattern,
    specials: Object.fromEntries(model.specials),
    ranks: ranksOf(model),
  }),
};

function ranksOf({ vocabulary, specials }: BPEModel): string {
  const special = new Set(specials.values());
  let text = "";
  for (let id = 0; id < vocabulary.size; id++) {
    if (special.has(id) || vocabulary.holes.has(id)) continue;
    text += `${btoa(String.fromCharCode(...vocabulary.bytes(id)))} ${id}\n`;
  }
  return text;
}

/** The `.tiktoken` file of a tokenizer whose ids are ranks: `<base64 of a token> <id>` a line. Throws RangeError. */
export function writeTiktoken({ model }: AnyBPE): string {
  if (model.merges)
    throw new RangeError(
      "writeTiktoken: this tokenizer has a list of merges, which .tiktoken files cannot hold; write toJSON()",
    );
  return ranksOf(model);
}
