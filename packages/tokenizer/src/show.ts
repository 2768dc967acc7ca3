/** The text of a token's bytes, or undefined where they are only a part of a character. */
export function tokenText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A token on one line: spaces as ·, newlines as ⏎, other controls and broken characters as their bytes, <E2 82>. */
export function showToken(bytes: Uint8Array): string {
  const text = tokenText(bytes);
  if (text === undefined) return hex(bytes);
  return text
    .replaceAll("\n", "⏎")
    .replaceAll(" ", "·")
    .replaceAll("\t", "⇥")
    .replace(/[\p{Cc}\p{Cf}]/gu, (c) => hex(new TextEncoder().encode(c)));
}

const hex = (bytes: Uint8Array): string =>
  `<${Array.from(bytes, (b) => b.toString(16).toUpperCase().padStart(2, "0")).join(" ")}>`;
