import { bytesSource, openTorch, type TensorStore } from "../../src/index.ts";

const utf8 = new TextEncoder();

/** Bytes of texts (a character a byte) and of bytes, one after the other. */
export const join = (...parts: (string | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(
    Buffer.concat(
      parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)),
    ),
  );

export const u16 = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
export const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
export const u64 = (...values: number[]) =>
  new Uint8Array(BigUint64Array.from(values, BigInt).buffer);

/** A zip archive of stored entries; `wide` writes all sizes and places as zip64. */
export function zip(entries: Readonly<Record<string, Uint8Array>>, wide = false): Uint8Array {
  let body = join();
  let directory = join();
  for (const [file, content] of Object.entries(entries)) {
    const name = utf8.encode(file);
    const [size, place] = wide ? [0xffffffff, 0xffffffff] : [content.length, body.length];
    const extra = wide
      ? join(u16(1, 24), u64(content.length, content.length, body.length))
      : new Uint8Array();
    directory = join(
      directory,
      u32(0x02014b50),
      u16(0, 0, 0, 0, 0, 0),
      u32(0, size, size),
      u16(name.length, extra.length, 0, 0, 0, 0, 0),
      u32(place),
      name,
      extra,
    );
    const local = [u16(0, 0, 0, 0, 0), u32(0, size, size), u16(name.length, 0), name, content];
    body = join(body, u32(0x04034b50), ...local);
  }
  const count = Object.keys(entries).length;
  const end64 = join(
    u32(0x06064b50),
    u64(44),
    u16(45, 45),
    u32(0, 0),
    u64(count, count, directory.length, body.length),
    u32(0x07064b50, 0),
    u64(body.length + directory.length),
    u32(1),
  );
  const end = wide
    ? join(end64, u32(0x06054b50), u16(0, 0, 0xffff, 0xffff), u32(0xffffffff, 0xffffffff), u16(0))
    : join(u32(0x06054b50), u16(0, 0, count, count), u32(directory.length, body.length), u16(0));
  return join(body, directory, end);
}

/** Opens an archive of a pickle and storages. */
export function openPickle(
  pickle: string | Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
): Promise<TensorStore> {
  const data = Object.entries(storages).map(([key, bytes]) => [`m/data/${key}`, bytes]);
  const entries = { "m/data.pkl": join(pickle), ...Object.fromEntries(data) };
  return openTorch(bytesSource(zip(entries), "m.pt"));
}

const text = (s: string) => `X${String.fromCharCode(s.length)}\0\0\0${s}`;

/** The opcodes of one tensor: `_rebuild_tensor_v2(FloatStorage "0" of `count`, offset, size, stride, False, OrderedDict())`. */
export function tensorPickle(count: number, offset: number, size: number[], stride: number[]) {
  const int = (n: number) => `J${String.fromCharCode(...u32(n))}`;
  const tuple = (ns: number[]) => `(${ns.map(int).join("")}t`;
  const storage = `(${text("storage")}ctorch\nFloatStorage\n${text("0")}${text("cpu")}${int(count)}tQ`;
  const rebuilt = `${storage}${int(offset)}${tuple(size)}${tuple(stride)}\x89ccollections\nOrderedDict\n)R`;
  return `\x80\x02}${text("x")}ctorch._utils\n_rebuild_tensor_v2\n(${rebuilt}tRs.`;
}
