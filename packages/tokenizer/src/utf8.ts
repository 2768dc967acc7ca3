/** Text → UTF-8; a lone surrogate becomes U+FFFD. */
export const encodeUtf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** UTF-8 → text; each maximal broken part becomes one U+FFFD. A byte order mark is a character like any other. */
export const decodeUtf8 = (bytes: Uint8Array): string =>
  // A decoder of its own for each call: a shared one could carry state from a call that threw.
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
