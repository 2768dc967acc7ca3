import type { TokenDecoder, TokenEncoder } from "./tokenizer.ts";

/** UTF-8 that arrives in parts → text. Each has a decoder of its own, whose state is the character that is unfinished. */
export class Utf8Stream {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  push(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  flush(): string {
    return this.#decoder.decode();
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

/** A stream of tokens that never reach beyond a character. `encode` is told how many UTF-16 units came before. */
export function eachPart(encode: (text: string, passed: number) => Int32Array): TokenEncoder {
  let held = "";
  let passed = 0;
  const settle = (all: string, end: number): Int32Array => {
    const before = passed;
    [held, passed] = ["", 0]; // what stays after an error
    const ids = encode(all.slice(0, end), before);
    [held, passed] = [all.slice(end), before + end];
    return ids;
  };
  return {
    push: (text) => settle(held + text, wholeCharacters(held + text)),
    flush() {
      const ids = settle(held, held.length);
      passed = 0;
      return ids;
    },
  };
}
