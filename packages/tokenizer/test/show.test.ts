import { expect, test } from "vitest";
import { showToken, tokenText } from "../src/index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a token is shown on one line", () => {
  expect(showToken(bytes(" the\n"))).toBe("·the⏎");
  expect(showToken(bytes("\ta\u0000"))).toBe("⇥a<00>");
  expect(showToken(bytes("ä€"))).toBe("ä€");
});

test("a part of a character is shown as its bytes, and has no text", () => {
  const part = bytes("€").subarray(0, 2);
  expect(showToken(part)).toBe("<E2 82>");
  expect(tokenText(part)).toBeUndefined();
  expect(tokenText(bytes("€"))).toBe("€");
});
