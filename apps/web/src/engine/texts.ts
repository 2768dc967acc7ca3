import type { FileRecord } from "@muladd/corpus";

/** Text that a person gave: read once, here, and called by its hash from then on. */
export interface GivenText {
  readonly text: string;
  readonly record: FileRecord;
}

/** What a page learns of it. */
export interface TextSummary {
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly characters: number;
  /** Its first few hundred characters. */
  readonly beginning: string;
}

// The last few; a text may be large.
const MOST = 3;
const kept = new Map<string, GivenText>();

/** Reads and keeps UTF-8 text. Throws RangeError for what is empty, binary, or no UTF-8: with the byte, and what to do. */
export async function keepText(blob: Blob, name: string): Promise<TextSummary> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const text = decodeText(bytes, name);
  const id = await sha256(bytes);
  kept.delete(id);
  kept.set(id, { text, record: { path: name, bytes: bytes.length, sha256: id } });
  for (const old of kept.keys()) if (kept.size > MOST) kept.delete(old);
  const beginning = [...text.slice(0, 400)].slice(0, 300).join("");
  let characters = 0;
  for (const _ of text) characters++; // "length" counts halves of an emoji
  return { id, name, bytes: bytes.length, characters, beginning };
}

/** A text that was kept. Throws RangeError where it is gone. */
export function keptText(id: string, name: string): GivenText {
  const found = kept.get(id);
  if (!found) throw new RangeError(`the text ${name} is not here any more; give it again`);
  return found;
}

/** UTF-8 bytes as text; as {@link keepText}. */
export function decodeText(bytes: Uint8Array<ArrayBuffer>, name: string): string {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (wide) throw new RangeError(`${name} is UTF-16 text; save it as UTF-8, and give it again`);
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    throw new RangeError(
      `${name} is a binary file (byte ${nul} is zero); give a text file, such as .txt or .md`,
    );
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new RangeError(`${name} is not UTF-8 text; save it as UTF-8, and give it again`);
  }
  if (text.trim() === "")
    throw new RangeError(`${name} is empty; give some text, or take the stories`);
  return text;
}

/** SHA-256 in hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}
