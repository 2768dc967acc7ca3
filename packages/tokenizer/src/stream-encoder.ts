import type { Stretch } from "./pipeline.ts";
import { wholeCharacters } from "./stream.ts";
import type { TokenEncoder } from "./tokenizer.ts";

/** Text that one piece may take up in a stream, in UTF-16 units; more is held in no memory. */
const LONGEST_PIECE = 2 ** 24;

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
  let first = true; // nothing was encoded yet
  let looked = 0; // the length at which `held` was last looked at: text without a boundary is not searched at each push
  return {
    push(text) {
      held += text;
      if (held.length < 2 * looked) return new Int32Array(0);
      const end = boundary(held.slice(0, wholeCharacters(held)));
      const ids = end > 0 ? encode(held.slice(0, end), { first, last: false }) : new Int32Array(0);
      first &&= end === 0;
      held = held.slice(end);
      looked = held.length;
      if (looked > LONGEST_PIECE)
        throw new RangeError(
          `encoder: ${looked} characters without a place where a token must end; ` +
            "is this text? Encode it at once with encode, or split it yourself",
        );
      return ids;
    },
    flush() {
      const ids = encode(held, { first, last: true });
      held = "";
      first = true;
      looked = 0;
      return ids;
    },
  };
}
