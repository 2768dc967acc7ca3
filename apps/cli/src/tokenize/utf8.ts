import { firstInvalid } from "../data.ts";
import { CLIError } from "../errors.ts";

/** What becomes of bytes that are no UTF-8: an error with their place, or U+FFFD. */
export type Invalid = "error" | "replace";

/** How many bytes at the end of `bytes` may begin a character that goes on: 0 … 3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte < 0xc2 || byte > 0xf4 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? back : 0;
  }
  return 0;
}

/**
 * UTF-8 that arrives in parts as text; a byte order mark at its beginning is left out. Throws CLIError with the offset
 * of a byte that belongs to no character, wherever parts end.
 */
export async function* textOf(
  parts: AsyncIterable<Uint8Array>,
  name: string,
  invalid: Invalid,
): AsyncGenerator<string> {
  let held: Uint8Array = new Uint8Array(0);
  let read = 0; // bytes before `held`
  const decode = (bytes: Uint8Array): string => {
    try {
      return new TextDecoder("utf-8", { fatal: invalid === "error", ignoreBOM: read > 0 }).decode(
        bytes,
      );
    } catch (cause) {
      throw new CLIError(`${name} is not UTF-8 text`, {
        why: `byte ${read + firstInvalid(bytes)} does not belong to a character`,
        remedies: ["--invalid replace", "iconv -f LATIN1 -t UTF-8, if it is in another encoding"],
        cause,
      });
    }
  };
  for await (const part of parts) {
    const all = held.length === 0 ? part : Buffer.concat([held, part]);
    const ready = all.length - unfinished(all);
    const text = decode(all.subarray(0, ready));
    read += ready;
    held = all.slice(ready);
    yield text;
  }
  if (held.length > 0) yield decode(held);
}
