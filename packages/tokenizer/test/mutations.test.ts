import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadTokenizer, TokenizerFormatError } from "../src/index.ts";
import { runs } from "./samples.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const { file } = JSON.parse(
  readFileSync(new URL("fixtures/families/llama3.json", import.meta.url), "utf8"),
) as { file: { [name: string]: Json } };
const { file: llama2 } = JSON.parse(
  readFileSync(new URL("fixtures/families/llama2.json", import.meta.url), "utf8"),
) as { file: { [name: string]: Json } };

/** Text in which each token of the files is likely. */
const TEXT = "the cat  sat\n日本 <0x41> <|eot_id|></s> Größe 1234 e\u0301\u{1f600}";

/** Where values are in `json`, as lists of names. */
function paths(json: Json, at: readonly string[] = []): (readonly string[])[] {
  if (typeof json !== "object" || json === null) return [at];
  return [at, ...Object.entries(json).flatMap(([name, value]) => paths(value, [...at, name]))];
}

/** `json` with `value` at `path`; undefined: without what is there. */
function changed(json: Json, path: readonly string[], value: Json | undefined): Json | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(json)) {
    const index = Number(name);
    const made = changed(json[index]!, rest, value);
    return json.toSpliced(index, 1, ...(made === undefined ? [] : [made]));
  }
  if (typeof json !== "object" || json === null) return json;
  const { [name]: old = null, ...others } = json;
  const made = changed(old, rest, value);
  return made === undefined ? others : { ...others, [name]: made };
}

const values = fc.oneof(
  fc.constantFrom<Json | undefined>(undefined, null, true, false, 0, 1, -1, 1.5, 2 ** 31, 2 ** 53),
  fc.constantFrom<Json>("", "▁", "__proto__", "constructor", "Ġ", "a b", "Sequence", "ByteLevel"),
  fc.constantFrom<Json>("Metaspace", "NFC", "ByteFallback", "\ud800", [], {}, ["a", "b"]),
  fc.string({ maxLength: 4 }),
);

const files = [file, llama2];
const places = files.map((json, which) => {
  const all = paths(json);
  // One in two in the pipeline: the vocabulary has most places.
  const pipeline = all.filter(([, name]) => name !== "vocab" && name !== "merges");
  return fc.record({
    which: fc.constant(which),
    path: fc.oneof(fc.constantFrom(...all), fc.constantFrom(...pipeline)),
    value: values,
  });
});

test("a changed file is refused by name, or is a tokenizer that is saved as it was read", () => {
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(...places), ({ which, path, value }) => {
      let tokenizer: ReturnType<typeof loadTokenizer>;
      try {
        tokenizer = loadTokenizer(changed(files[which]!, path, value));
      } catch (error) {
        expect(error).toBeInstanceOf(TokenizerFormatError);
        return;
      }
      read++;
      const again = loadTokenizer(JSON.parse(JSON.stringify(tokenizer)));
      const options = { allowedSpecial: "all" } as const;
      const ids = tokenizer.encode(TEXT, options);
      expect(again.encode(TEXT, options)).toEqual(ids);
      expect(tokenizer.encodeWithOffsets(TEXT, options).ids).toEqual(ids);
      expect(again.decode(ids)).toBe(tokenizer.decode(ids));
    }),
    { ...runs, numRuns: 10_000 },
  );
  expect(read).toBeGreaterThan(200);
});
