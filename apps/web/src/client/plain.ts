/** A value as it can be posted: reactive state is made of proxies, which cannot. Bytes and files stay as they are. */
export function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}
