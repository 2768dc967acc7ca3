import type { TokenDecoder, TokenEncoder } from "./tokenizer.ts";
import { decodeUtf8 } from "./utf8.ts";

/** The bytes of a UTF-8 sequence, from its first byte; 1 for a byte that starts none. */
const sequenceLength = (lead: number): number =>
  lead < 0xc2 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

/** How many bytes at the end of `bytes` belong to a sequence that needs more: 0 … 3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) !== 0x80) return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

/**
 * UTF-8 that arrives in parts → text. What it returns, joined, equals the decoding of all the bytes at once, broken
 * ones included, because it cuts before a lead byte only, where a UTF-8 decoder has no state.
 */
export class Utf8Stream {
  #held = new Uint8Array(0);

  push(bytes: Uint8Array): string {
    const all = new Uint8Array(this.#held.length + bytes.length);
    all.set(this.#held);
    all.set(bytes, this.#held.length);
    const ready = all.length - unfinished(all);
    this.#held = all.slice(ready);
    return decodeUtf8(all.subarray(0, ready));
  }

  flush(): string {
    const tail = decodeUtf8(this.#held);
    this.#held = new Uint8Array(0);
    return tail;
  }
}

/** `token`: the bytes of an id. */
export function streamDecoder(token: (id: number) => Uint8Array): TokenDecoder {
  const stream = new Utf8Stream();
  return { push: (id) => stream.push(token(id)), flush: () => stream.flush() };
}

/** Where `text` must be cut so that no surrogate pair is: its length, or one less. */
export const wholeCharacters = (text: string): number => {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.length - 1 : text.length;
};

/** A stream of tokens that never reach beyond a character. */
export function eachPart(encode: (text: string) => Int32Array): TokenEncoder {
  let held = "";
  return {
    push(text) {
      const all = held + text;
      const end = wholeCharacters(all);
      held = all.slice(end);
      return encode(all.slice(0, end));
    },
    flush() {
      const rest = held;
      held = "";
      return encode(rest);
    },
  };
}
