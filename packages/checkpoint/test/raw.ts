/** A safetensors file with any header, for what the writer would not write. */
export function raw(header: unknown, body: Uint8Array | number = 0): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const data = typeof body === "number" ? new Uint8Array(body) : body;
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}
