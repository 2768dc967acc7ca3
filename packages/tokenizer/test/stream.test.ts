import fc from "fast-check";
import { expect, test } from "vitest";
import { bytes } from "../src/index.ts";
import { Utf8Stream } from "../src/stream.ts";
import { anyBytes, runs } from "./samples.ts";

test("every cut of the bytes in three gives the text of the whole", () => {
  const sample = new TextEncoder().encode("\ufeffaé日😀\0z");
  const broken = Uint8Array.from([...sample, 0xe6, 0x97, 0xf0, 0x9f, 0x98, 0xc3]);
  const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(broken);
  for (let i = 0; i <= broken.length; i++)
    for (let j = i; j <= broken.length; j++) {
      const stream = new Utf8Stream();
      const parts = [broken.subarray(0, i), broken.subarray(i, j), broken.subarray(j)];
      expect(parts.map((part) => stream.push(part)).join("") + stream.flush()).toBe(expected);
    }
});

test("random cuts of random bytes do too", () => {
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 6 }), (parts) => {
      const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
      const stream = new Utf8Stream();
      const written = parts.map((part) => stream.push(part)).join("");
      expect(written + stream.flush()).toBe(
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole),
      );
    }),
    { ...runs, numRuns: 1000 },
  );
});

test("flush gives one U+FFFD for a broken tail, once, and the decoder starts anew", () => {
  const decoder = bytes().decoder();
  expect([0xf0, 0x9f, 0x98].map((id) => decoder.push(id))).toEqual(["", "", ""]);
  expect([decoder.flush(), decoder.flush()]).toEqual(["\ufffd", ""]);
  expect(decoder.push(0x61)).toBe("a");
});

test("two decoders of one tokenizer share nothing", () => {
  const tokenizer = bytes();
  const [one, two] = [tokenizer.decoder(), tokenizer.decoder()];
  one.push(0xc3);
  expect(two.push(0xa9)).toBe("\ufffd");
  expect(one.push(0xa9)).toBe("é");
});
