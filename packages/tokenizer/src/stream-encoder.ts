import { SpecialTokenError } from "./errors.ts";
import type { Stretch } from "./pipeline.ts";
import { wholeCharacters } from "./stream.ts";
import type { TokenEncoder } from "./tokenizer.ts";

/** Text that one piece may take up in a stream, in UTF-16 units or bytes; more is held in no memory. */
export const LONGEST_PIECE = 2 ** 24;

/** How a stream is encoded. */
export interface StreamParts {
  /** Ids of text that ends where a piece does. */
  readonly encode: (text: string, stretch: Stretch) => Int32Array;
  /** The last place in text where a piece ends whatever comes after it; 0 for none. */
  readonly boundary: (text: string) => number;
}

/** Encodes what is settled of the text so far, and holds the rest. */
export function streamEncoder({ encode, boundary }: StreamParts): TokenEncoder {
  let held = "";
  let passed = 0; // UTF-16 units before it
  let looked = 0; // the length at which `held` was last looked at: text without a boundary is not searched at each push
  const settle = (end: number, last: boolean): Int32Array => {
    if (end === 0 && !last) return new Int32Array(0);
    try {
      const ids = encode(held.slice(0, end), { first: passed === 0, last });
      held = held.slice(end);
      passed += end;
      return ids;
    } catch (error) {
      if (!(error instanceof SpecialTokenError)) throw error;
      throw new SpecialTokenError(error.token, passed + error.position);
    }
  };
  return {
    push(text) {
      held += text;
      if (held.length < 2 * looked) return new Int32Array(0);
      const ids = settle(boundary(held.slice(0, wholeCharacters(held))), false);
      looked = held.length;
      if (looked > LONGEST_PIECE)
        throw new RangeError(
          `encoder: ${looked} characters without a place where a token must end; ` +
            "is this text? Encode it at once, or split it",
        );
      return ids;
    },
    flush() {
      const ids = settle(held.length, true);
      passed = 0;
      looked = 0;
      return ids;
    },
  };
}
