/**
 * Byte-level characters: a printable character for each byte, so that tokens, which are bytes, can stand in text files.
 * Bytes that print stand for themselves; the other 68, ascending, are U+0100 …
 * `bytes_to_unicode` in https://github.com/openai/gpt-2/blob/master/src/encoder.py
 */

const PRINTING = 188;

const prints = (byte: number): boolean =>
  (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;

function alphabet(): readonly number[] {
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  return [...all.filter(prints), ...all.filter((byte) => !prints(byte))];
}

/** The 256 bytes, sorted by their characters: the order in which a byte-level vocabulary numbers them. */
export const ALPHABET = /* @__PURE__ */ alphabet();

const codeOf = (byte: number, i: number): readonly [number, number] => [
  i < PRINTING ? byte : 0x100 + i - PRINTING,
  byte,
];
const bytesByCode = (): ReadonlyMap<number, number> => new Map(ALPHABET.map(codeOf));
const BYTES = /* @__PURE__ */ bytesByCode();

function codesByByte(): Uint16Array {
  const codes = new Uint16Array(256);
  for (const [code, byte] of BYTES) codes[byte] = code;
  return codes;
}
const CODES = /* @__PURE__ */ codesByByte();

/** Bytes → byte-level characters. */
export function toByteLevel(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(CODES[byte]!);
  return text;
}

/** Byte-level characters → bytes, or undefined when one of them stands for no byte. */
export function fromByteLevel(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = BYTES.get(text.charCodeAt(i));
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
