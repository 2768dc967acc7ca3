import { FormatError } from "@muladd/tensor";
import { Cursor } from "../cursor.ts";
import type { ByteSource } from "../source.ts";
import { checkRange } from "../sources/range.ts";

/**
 * Zip archives whose entries are stored as they are, which is what torch.save writes; of any size (zip64).
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

/** A file in the archive. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  read(begin?: number, end?: number): Promise<Uint8Array>;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
/** Read with a local header: the name is that of the directory, and torch pads with one field, of which only the length counts. */
const EXTRA_READ = 64;

interface Directory {
  readonly count: number;
  readonly begin: number;
  readonly size: number;
}

async function cursorAt(source: ByteSource, begin: number, end: number): Promise<Cursor> {
  if (begin < 0 || begin > end || end > source.size)
    throw new FormatError(
      `${source.name}: the zip archive refers to bytes ${begin} to ${end} of ${source.size}: damaged or cut short`,
    );
  return new Cursor(await source.read(begin, end), source.name, end - begin, begin);
}

/** The end-of-directory record: the last place where one fits, up to a comment. */
async function findDirectory(source: ByteSource): Promise<Directory> {
  const tail = Math.max(0, source.size - END_BYTES - MAX_COMMENT);
  const cursor = await cursorAt(source, tail, source.size);
  for (let at = cursor.size - END_BYTES; at >= 0; at--) {
    cursor.at = at;
    if (cursor.u32() !== END) continue;
    cursor.at = at + 10;
    const [count, size, begin] = [cursor.u16(), cursor.u32(), cursor.u32()];
    if (cursor.u16() !== cursor.size - at - END_BYTES) continue;
    if (count !== 0xffff && size !== 0xffffffff && begin !== 0xffffffff)
      return { count, begin, size };
    return findDirectory64(source, tail + at - 20);
  }
  throw new FormatError(
    `${source.name}: a zip archive without its directory: cut short; load or copy it again`,
  );
}

async function findDirectory64(source: ByteSource, at: number): Promise<Directory> {
  const locator = await cursorAt(source, at, at + 20);
  if (locator.u32() !== LOCATOR64) throw locator.fail("no zip64 locator is here", 0);
  locator.at = 8;
  const place = locator.count();
  const end = await cursorAt(source, place, place + 56);
  if (end.u32() !== END64) throw end.fail("no zip64 directory is here", 0);
  end.at = 32;
  return { count: end.count(), size: end.count(), begin: end.count() };
}

/** A size or place in the directory: in zip64, those that do not fit 32 bits are in an extra field, in order. */
function wide(cursor: Cursor, extra: number, values: number[]): number[] {
  const end = cursor.at + extra;
  let widened = values;
  while (cursor.at + 4 <= end) {
    const [id, length] = [cursor.u16(), cursor.u16()];
    const next = cursor.at + length;
    if (id === 1) widened = values.map((v) => (v === 0xffffffff ? cursor.count() : v));
    cursor.at = next;
  }
  cursor.at = end;
  return widened;
}

/** Where an entry's bytes begin. Its own header must agree with the directory, or a damaged length would shift them. */
async function locate(source: ByteSource, name: string, at: number): Promise<number> {
  const nameBytes = new TextEncoder().encode(name).length;
  const end = Math.min(at + LOCAL_BYTES + nameBytes + EXTRA_READ, source.size);
  const cursor = await cursorAt(source, at, end);
  const wrong = () => cursor.fail(`the zip archive has no entry ${name} here: it is damaged`, 0);
  if (cursor.u32() !== LOCAL) throw wrong();
  cursor.at = 26;
  const [nameLength, extra] = [cursor.u16(), cursor.u16()];
  const length = LOCAL_BYTES + nameLength + extra;
  cursor.at = LOCAL_BYTES;
  if (cursor.text(nameLength) !== name) throw wrong();
  while (cursor.at < length && cursor.at + 4 <= cursor.size) {
    cursor.at += 2;
    const field = cursor.u16();
    cursor.at += field;
  }
  if (cursor.at !== length) throw wrong();
  return at + length;
}

/** The entries by name, from the directory alone. Throws FormatError, also for entries that are compressed or encrypted. */
export async function openZip(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const { count, begin, size } = await findDirectory(source);
  const cursor = await cursorAt(source, begin, begin + size);
  cursor.need(count * ENTRY_BYTES, `${count} entries of the zip directory`);
  const entries = new Map<string, ZipEntry>();
  for (let i = 0; i < count; i++) {
    const at = cursor.at;
    const damaged = (what: string) => cursor.fail(`entry ${i} of the zip directory ${what}`, at);
    if (cursor.u32() !== CENTRAL) throw damaged("does not begin as one: it is damaged");
    cursor.at = at + 8;
    const [flags, method] = [cursor.u16(), cursor.u16()];
    cursor.at = at + 20;
    const [packed, unpacked] = [cursor.u32(), cursor.u32()];
    const [nameLength, extra, comment] = [cursor.u16(), cursor.u16(), cursor.u16()];
    cursor.at = at + 42;
    const offset = cursor.u32();
    const name = cursor.text(nameLength);
    const [length = 0, stored = 0, place = 0] = wide(cursor, extra, [unpacked, packed, offset]);
    cursor.skip(comment);
    if (method !== 0 || flags & 1)
      throw damaged(
        `(${name}) is compressed or encrypted; torch stores its entries: unpack the archive, and zip it with zip -0`,
      );
    if (length !== stored || place + LOCAL_BYTES + nameLength + length > begin)
      throw damaged(`(${name}) has ${length} bytes, more than there are: it is damaged`);
    if (entries.has(name)) throw damaged(`(${name}) is there twice`);
    entries.set(name, zipEntry(source, name, length, place, begin));
  }
  return entries;
}

function zipEntry(
  source: ByteSource,
  name: string,
  size: number,
  place: number,
  limit: number,
): ZipEntry {
  let located: Promise<number> | undefined;
  return {
    name,
    size,
    async read(begin = 0, end = size) {
      located ??= locate(source, name, place);
      const start = await located;
      checkRange(`${source.name}: ${name}`, Math.min(size, limit - start), begin, end);
      return source.read(start + begin, start + end);
    },
  };
}
