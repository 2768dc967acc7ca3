import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chatTemplate } from "../src/chat/index.ts";
import { loadTokenizer, type Tokenizer } from "../src/index.ts";
import { runs } from "./samples.ts";

/** What Hugging Face tokenizers made of texts with a tokenizer.json; see tooling/fixtures/tokenizer_families.py. */
interface Family {
  readonly file: object;
  /** Names of ids. */
  readonly tokens: { readonly [id: string]: string };
  readonly samples: readonly {
    readonly text: string;
    /** With the template, and without. */
    readonly ids: readonly number[];
    readonly plain: readonly number[];
    /** Start and end of each of `ids`, in code points. */
    readonly offsets: readonly number[];
    readonly decoded: string;
    readonly skipped: string;
  }[];
  readonly decoded: readonly { readonly ids: readonly number[]; readonly decoded: string }[];
}

const folder = new URL("fixtures/families/", import.meta.url);
const families = readdirSync(folder).map((name): [string, Family] => [
  name.replace(".json", ""),
  JSON.parse(readFileSync(new URL(name, folder), "utf8")),
]);

const all = { allowedSpecial: "all" } as const;

/** Texts in parts of `size` units. */
const partsOf = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );

function streamed(tokenizer: Tokenizer, text: string, size: number): number[] {
  const encoder = tokenizer.encoder(all);
  const ids = partsOf(text, size).flatMap((part) => [...encoder.push(part)]);
  return [...ids, ...encoder.flush()];
}

describe.each(families)("%s", (name, { file, tokens, samples, decoded }) => {
  const tokenizer = loadTokenizer(JSON.stringify(file));

  test("ids, with the template and without", () => {
    for (const { text, ids, plain } of samples) {
      expect([text, ...tokenizer.encode(text, all)]).toEqual([text, ...ids]);
      const without = { ...all, addSpecialTokens: false };
      expect([text, ...tokenizer.encode(text, without)]).toEqual([text, ...plain]);
      expect(tokenizer.count(text, all)).toBe(ids.length);
      expect(tokenizer.isWithin(text, ids.length, all)).toBe(ids.length);
      if (ids.length > 0) expect(tokenizer.isWithin(text, ids.length - 1, all)).toBe(false);
    }
  });

  test("offsets in code points", () => {
    for (const { text, ids, offsets } of samples) {
      const found = tokenizer.encodeWithOffsets(text, { ...all, unit: "codePoint" });
      expect([...found.ids]).toEqual(ids);
      const pairs = ids.flatMap((_, i) => [found.starts[i], found.ends[i]]);
      expect([text, ...pairs]).toEqual([text, ...offsets]);
    }
  });

  test("offsets in other units are of the same characters", () => {
    for (const { text, offsets } of samples) {
      const units = tokenizer.encodeWithOffsets(text, all);
      const points = Array.from(text);
      const at = (index: number) => points.slice(0, index).join("").length;
      const expected = offsets.map((offset) => at(offset));
      expect(expected).toEqual(
        Array.from(units.ids).flatMap((_, i) => [units.starts[i], units.ends[i]]),
      );
    }
  });

  test("text", () => {
    for (const { text, ids, decoded, skipped } of samples) {
      expect([text, tokenizer.decode(ids)]).toEqual([text, decoded]);
      if (name !== "llama2-normalized")
        expect([text, tokenizer.decode(ids, { skipSpecialTokens: true })]).toEqual([text, skipped]);
    }
    for (const { ids, decoded: expected } of decoded)
      expect([ids, tokenizer.decode(ids)]).toEqual([ids, expected]);
  });

  test("text of ids one at a time", () => {
    for (const { ids, decoded: expected } of [...samples, ...decoded]) {
      const decoder = tokenizer.decoder();
      const written = ids.map((id) => decoder.push(id)).join("");
      expect(written + decoder.flush()).toBe(expected);
    }
  });

  test("ids of text in parts", () => {
    for (const { text, ids } of samples)
      for (const size of [1, 2, 7, 50])
        expect([text, size, ...streamed(tokenizer, text, size)]).toEqual([text, size, ...ids]);
    const text = samples.map((sample) => sample.text).join(" x ");
    expect(streamed(tokenizer, text, 13)).toEqual([...tokenizer.encode(text, all)]);
  });

  test("ids of added tokens and words in parts, in any order", () => {
    const contents = (file as { added_tokens: { content: string }[] }).added_tokens.map(
      ({ content }) => content,
    );
    const pieces = [...contents, ...contents.map((one) => one.slice(0, -1)), " ", "  ", "\n"];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces, ">", "the", "caf", "a", "é", "\u0301", "Day"), {
          maxLength: 12,
        }),
        fc.constantFrom(1, 3, 8),
        (parts, size) => {
          const text = parts.join("");
          expect(streamed(tokenizer, text, size)).toEqual([...tokenizer.encode(text, all)]);
        },
      ),
      { ...runs, numRuns: 300 },
    );
  });

  // In the others a special touches what is around it.
  if (!["llama2-normalized", "strips", "lowercase"].includes(name))
    test("a run of specials is let go as it comes", () => {
      const special = [...tokenizer.specials.keys()].at(-1)!;
      const encoder = tokenizer.encoder({ ...all, addSpecialTokens: false });
      const ids = Array.from({ length: 100 }, () => [...encoder.push(special)]);
      expect(ids).toEqual(Array(100).fill([tokenizer.id(special)]));
    });

  test("a chat has the ids of its text, and messages add no special", () => {
    const contents = [...tokenizer.specials.keys()];
    const chat = chatTemplate(
      `{% for m in messages %}{{ m.content }}${contents.join("{{ m.content }} ")}\n{% endfor %}`,
    );
    const say = (content: string) => [
      { role: "user", content },
      { role: "assistant", content },
    ];
    const special = new Set(tokenizer.specials.values());
    special.delete(tokenizer.id("<unk>") ?? -1); // what is unknown has it too
    const count = (ids: Int32Array) => ids.filter((id) => special.has(id)).length;
    const plain = { ...all, addSpecialTokens: false };
    for (const content of ["the", " the ", "the\n", "word", "Day -", "", "  "]) {
      const { ids } = chat.encode(tokenizer, say(content));
      const whole = tokenizer.encode(chat.render(say(content)), plain);
      expect([content, ...ids]).toEqual([content, ...whole]);
      if (content === "") continue;
      for (const attack of contents.flatMap((one) => [one, ` ${one} `, one.toUpperCase()])) {
        const attacked = chat.encode(tokenizer, say(`${content}${attack}${content}`));
        expect([attack, count(attacked.ids)]).toEqual([attack, count(ids)]);
      }
    }
  });

  test("saved and loaded it is the same tokenizer, and its tokens have their names", () => {
    const saved = JSON.parse(JSON.stringify(tokenizer));
    const { vocab } = saved.model;
    for (const [id, token] of Object.entries(tokens)) {
      const added = saved.added_tokens.find((one: { id: number }) => one.id === Number(id));
      if (!added?.normalized) expect([token, vocab[token]]).toEqual([token, Number(id)]);
    }
    const loaded = loadTokenizer(saved);
    expect(JSON.parse(JSON.stringify(loaded))).toEqual(saved);
    for (const { text, ids } of samples) expect([...loaded.encode(text, all)]).toEqual(ids);
  });
});

const familyOf = (name: string): Tokenizer =>
  loadTokenizer(JSON.stringify(families.find(([one]) => one === name)![1].file));

test("a message after a special does not begin the text", () => {
  const template = chatTemplate("{{messages[0].content}}</s>\n{{messages[1].content}}");
  const the = { role: "user", content: "the" };
  const { ids } = template.encode(familyOf("llama2-first"), [the, the]);
  expect([...ids]).toEqual([351, 2, 260, 302, 349]);
});

test("the special that ends an answer may take white space of it", () => {
  const tokenizer = familyOf("strips");
  const template = chatTemplate("<both>{{messages[0].content}}<both>\n x");
  const { ids, mask } = template.encode(tokenizer, [{ role: "assistant", content: " cat " }]);
  const both = tokenizer.id("<both>");
  const ends = Array.from(ids).flatMap((id, i) => (id === both ? [i] : []));
  expect(ends).toHaveLength(2);
  expect(ends[0]).toBe(0);
  expect([...mask]).toEqual(Array.from(ids, (_, i) => Number(i > 0 && i <= ends[1]!)));
});

test("what is unknown after an answer does not end it", () => {
  const template = chatTemplate("{{messages[0].content}}☃");
  const { ids, mask } = template.encode(familyOf("metaspace-never"), [
    { role: "assistant", content: "the" },
  ]);
  expect(ids.at(-1)).toBe(familyOf("metaspace-never").id("<unk>"));
  expect(mask.at(-1)).toBe(0);
});

test("text whose specials are found when it is normalized is let go as it comes", () => {
  const tokenizer = familyOf("llama2-normalized");
  const encoder = tokenizer.encoder(all);
  const text = "the cat sat </s> on the mat <s> and ".repeat(50);
  let given = 0;
  for (const character of text) given += encoder.push(character).length;
  const { length } = tokenizer.encode(text, all);
  expect(given).toBeGreaterThan(0.95 * length);
  expect(given + encoder.flush().length).toBe(length);
});
