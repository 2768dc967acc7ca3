import { ByteTable, hashOf } from "./byte-table.ts";
import { streamDecoder } from "./stream.ts";
import type { TokenDecoder } from "./tokenizer.ts";
import { decodeUtf8 } from "./utf8.ts";

/** The bytes of each id: all that decoding needs, whatever the tokenizer. */
export class Vocabulary {
  /** Of the longest token, in bytes. */
  readonly longest: number;

  /** `table`: tokens by id; those that ordinary text can become are findable. `holes`: ids that no token has. */
  constructor(
    readonly table: ByteTable,
    readonly holes: ReadonlySet<number>,
  ) {
    let longest = 0;
    for (let id = 0; id < table.size; id++)
      longest = Math.max(longest, table.starts[id + 1]! - table.starts[id]!);
    this.longest = longest;
  }

  /** Ids are below it. */
  get size(): number {
    return this.table.size;
  }

  /** The bytes of `id`: a view. Throws RangeError. */
  bytes(id: number, where = ""): Uint8Array {
    if (!(Number.isInteger(id) && id >= 0 && id < this.size) || this.holes.has(id))
      throw new RangeError(
        `decode: id ${id}${where} is not in the vocabulary (0 … ${this.size - 1}); ` +
          "were the ids made with another tokenizer?",
      );
    const { starts, bytes } = this.table;
    return bytes.subarray(starts[id], starts[id + 1]);
  }

  token(id: number): Uint8Array {
    return this.bytes(id).slice();
  }

  decodeBytes(ids: ArrayLike<number>): Uint8Array {
    const { starts, bytes } = this.table;
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const token = starts[id + 1]! - starts[id]!;
      if (!(token > 0 && id < this.size)) this.bytes(id, ` at position ${i}`); // throws
      length += token;
    }
    const out = new Uint8Array(length);
    let to = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const end = starts[id + 1]!;
      for (let from = starts[id]!; from < end; from++) out[to++] = bytes[from]!;
    }
    return out;
  }

  decode(ids: ArrayLike<number>): string {
    return decodeUtf8(this.decodeBytes(ids));
  }

  decoder(): TokenDecoder {
    return streamDecoder((id) => this.bytes(id));
  }
}

/** `tokens[id]`: the bytes of that id; `undefined` where none has it. `hidden`: ids that text does not become. */
export function vocabularyOf(
  tokens: ArrayLike<Uint8Array | undefined>,
  hidden: ReadonlySet<number> = new Set(),
): Vocabulary {
  const table = new ByteTable(tokens.length);
  const holes = new Set<number>();
  for (let id = 0; id < tokens.length; id++) {
    const token = tokens[id] ?? new Uint8Array(0);
    if (!tokens[id]) holes.add(id);
    if (token.length === 0 || hidden.has(id)) table.append(token, 0, token.length);
    else table.add(token, 0, token.length, hashOf(token, 0, token.length));
  }
  return new Vocabulary(table, holes);
}
