import type { Beginning, Boundary, Cut, Stretch } from "./pipeline.ts";
import type { Finder } from "./specials.ts";
import { wholeCharacters } from "./stream.ts";
import type { TokenEncoder } from "./tokenizer.ts";

/** Text that one piece may take up in a stream, in UTF-16 units or bytes; more is held in no memory. */
export const LONGEST_PIECE = 2 ** 24;

/** How a stream is encoded. */
export interface StreamParts {
  /** Finds what is an error in the text. */
  readonly disallowed: Finder;
  /** Ids of text that ends where a piece does, disallowed specials aside. */
  readonly encode: (text: string, stretch: Stretch) => Int32Array;
  readonly boundary: Boundary;
}

/** Encodes what is settled of the text so far, and holds the rest. */
export function streamEncoder({ disallowed, encode, boundary }: StreamParts): TokenEncoder {
  const start = () => ({
    held: "",
    passed: 0, // UTF-16 units before it
    afterToken: false, // whether it begins where a token ends
    looked: 0, // the length at which it was last looked at: text without a boundary is not searched at each push
    checked: "", // the last of the text so far, in which a disallowed special may have begun
  });
  let now = start();

  const check = (text: string): void => {
    const then = now;
    now = start(); // what stays after an error
    const all = then.checked + text;
    disallowed.refuse(all, then.passed + then.held.length - then.checked.length);
    now = { ...then, checked: all.slice(disallowed.open(all)) };
  };
  const beginning = (): Beginning => ({ first: now.passed === 0, afterToken: now.afterToken });
  const settle = ({ at, afterToken }: Cut, last: boolean): Int32Array => {
    const { held, passed, ...rest } = now;
    const stretch = { ...beginning(), last };
    now = start(); // what stays after an error, and at the end
    const ids = encode(held.slice(0, at), stretch);
    if (!last) now = { ...rest, held: held.slice(at), passed: passed + at, afterToken };
    return ids;
  };

  return {
    push(text) {
      check(text);
      now.held += text;
      if (now.held.length < 2 * now.looked) return new Int32Array(0);
      const cut = boundary(now.held.slice(0, wholeCharacters(now.held)), beginning());
      const ids = cut.at > 0 ? settle(cut, false) : new Int32Array(0);
      const { length } = now.held;
      now.looked = length;
      if (length <= LONGEST_PIECE) return ids;
      now = start();
      throw new RangeError(
        `encoder: ${length} characters without a place where a token must end; ` +
          "is this text? Encode it at once",
      );
    },
    flush: () => settle({ at: now.held.length, afterToken: false }, true),
  };
}
