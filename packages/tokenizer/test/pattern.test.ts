import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GPT2, LLAMA3, O200K, QWEN2, TokenizerFormatError } from "../src/index.ts";
import { compile } from "../src/pattern/compile.ts";
import { Matcher } from "../src/pattern/match.ts";
import { parse } from "../src/pattern/parse.ts";
import {
  compilePattern,
  literalPattern,
  pieceOf,
  type Split,
  type SplitBehavior,
  type SplitOptions,
  scannerOf,
} from "../src/pattern/split.ts";
import { patternOf } from "../src/patterns.ts";
import type { Scanner } from "../src/scan/classes.ts";
import { digits } from "../src/scan/digits.ts";
import { decodeUtf8, encodeUtf8 } from "../src/utf8.ts";
import fixture from "./fixtures/split-patterns.json" with { type: "json" };
import { regexOf, splitOracle } from "./pattern-oracle.ts";
import { anyString, runs, SCRIPTS, STORY, strings, text, wellFormed } from "./samples.ts";

const BEHAVIORS: readonly SplitBehavior[] = [
  ...(["Removed", "Isolated", "MergedWithPrevious"] as const),
  ...(["MergedWithNext", "Contiguous"] as const),
];
const ISOLATED: SplitOptions = { behavior: "Isolated", invert: false };

const programOf = (pattern: string) => {
  const program = compile(parse(pattern, "pattern"));
  if (!program) throw new Error(`${pattern} does not fit`);
  return program;
};

function cut(scanner: Scanner, text: string): string[] {
  const bytes = encodeUtf8(text);
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    const found = scanner(bytes, from, bytes.length, 0);
    const to = found < 0 ? ~found : found;
    if (to <= from) throw new Error(`a piece at ${from} ends at ${to}`);
    if (found >= 0) pieces.push(decodeUtf8(bytes.subarray(from, to)));
    from = to;
  }
  return pieces;
}

/** A scanner that remembers its choices from the first failure on. */
function remembering(pattern: string, options: SplitOptions): Scanner {
  const matcher = new Matcher(programOf(pattern), "pattern", 0);
  return scannerOf(matcher, pieceOf(matcher, options));
}

describe("Hugging Face's Split", () => {
  test.each(fixture.known)("$name", ({ pattern, splits }) => {
    const { scanner } = compilePattern(pattern, ISOLATED);
    expect(fixture.texts.map((text) => cut(scanner, text))).toEqual(splits);
  });

  test.each(fixture.corners)("$pattern in $text", ({ pattern, text, pieces }) => {
    expect(cut(compilePattern(pattern, ISOLATED).scanner, text)).toEqual(pieces);
  });

  test.each(fixture.behaviors)(
    "$pattern in $text, $behavior, inverted: $invert",
    ({ pattern, text, pieces, behavior, invert }) => {
      const options = { behavior: nameOf(behavior), invert };
      expect(cut(compilePattern(pattern, options).scanner, text)).toEqual(pieces);
    },
  );

  test.each(fixture.literals)("$literal in $text, $behavior", ({ literal, text, ...rest }) => {
    const options = { behavior: nameOf(rest.behavior), invert: false };
    expect(cut(literalPattern(literal, options).scanner, text)).toEqual(rest.pieces);
  });

  test("Digits", () => {
    const { text, individual, together } = fixture.digits;
    expect(cut(digits(true), text)).toEqual(individual);
    expect(cut(digits(false), text)).toEqual(together);
  });

  test.each(fixture.sets)("$pattern has $count characters", ({ pattern, count, sha256 }) => {
    const node = parse(pattern, "pattern");
    if (node.kind !== "set") throw new Error(`${pattern} is no set`);
    const found: number[] = [];
    for (const [first, last] of node.set)
      for (let c = first; c <= last; c++) if (c < 0xd800 || c > 0xdfff) found.push(c);
    expect(found.length).toBe(count);
    expect(createHash("sha256").update(found.join()).digest("hex")).toBe(sha256);
  });
});

function nameOf(text: string): SplitBehavior {
  const name = BEHAVIORS.find((behavior) => behavior === text);
  if (!name) throw new Error(`${text} is no behavior`);
  return name;
}

const alphabets = [
  { length: 4, alphabet: ["a", "S", "'", "1", " ", "\n", "."] },
  { length: 3, alphabet: ["中", "\u0301", "²", "\u0085", " ", "-", "b"] },
  { length: 4, alphabet: ["a", "b", "@", "<", ">"] },
  { length: 6, alphabet: ["1", "x", "\n"] },
];
const more = [
  ...["a*b|a", "(?:a|b)+?\\n|x", "(?>a+b?)1|[^b]", "(?:ab?)++x|a", "a(?=a*b)|1+?", "(?!a*1)[ab]"],
  ...["(?:1|11)(?:x|1x)", "(?:a?){3}a{3}|b{1,2}?x?", "^1*|x\\b", "1*", "(?<!x)(?=1)"],
];

describe.each([...fixture.known, ...more.map((pattern) => ({ name: pattern, pattern }))])(
  "$name",
  ({ pattern }) => {
    const regex = regexOf(parse(pattern, "pattern"));

    test("cuts all short strings as the regular expression does, remembering or not", () => {
      const scanners = [compilePattern(pattern, ISOLATED).scanner, remembering(pattern, ISOLATED)];
      const wrong: string[] = [];
      for (const { alphabet, length } of alphabets)
        for (const text of strings(alphabet, length)) {
          const right = splitOracle(regex, text, ISOLATED).join("\0");
          for (const scanner of scanners)
            if (cut(scanner, text).join("\0") !== right) wrong.push(text);
        }
      expect(wrong).toEqual([]);
    });

    test("cuts random strings as it does, in every behavior", () => {
      const ways = BEHAVIORS.flatMap((behavior) =>
        [false, true].map((invert) => ({ behavior, invert })),
      );
      const scanners = ways.map((way) => compilePattern(pattern, way).scanner);
      fc.assert(
        fc.property(fc.oneof(text, anyString.map(wellFormed)), (sample) => {
          for (const [i, way] of ways.entries())
            expect(cut(scanners[i]!, sample)).toEqual(splitOracle(regex, sample, way));
        }),
        { ...runs, numRuns: 40 },
      );
    });
  },
);

test.each(Object.entries({ GPT2, LLAMA3, QWEN2, O200K }))(
  "%s is cut as its own scanner does",
  (_, pretokenizer) => {
    const [own] = pretokenizer.scanners;
    const { scanner } = compilePattern(patternOf(pretokenizer), ISOLATED);
    fc.assert(
      fc.property(fc.oneof(text, anyString.map(wellFormed)), (sample) => {
        expect(cut(scanner, sample)).toEqual(cut(own!, sample));
      }),
      runs,
    );
    for (const sample of [STORY, SCRIPTS]) expect(cut(scanner, sample)).toEqual(cut(own!, sample));
  },
);

test("the range is the text: ^, lookbehind and \\b see nothing outside of it", () => {
  const { scanner } = compilePattern("^a|(?<=b)c|\\bx", ISOLATED);
  const bytes = encodeUtf8("bacbcx");
  const cutRange = (start: number, end: number): number[] => {
    const ends: number[] = [];
    for (let at = start; at < end; ends.push(at)) at = scanner(bytes, at, end, start);
    return ends;
  };
  expect(cutRange(0, 6)).toEqual([4, 5, 6]); // bacb c x
  expect(cutRange(1, 6)).toEqual([2, 4, 5, 6]); // a cb c x
  expect(cutRange(2, 3)).toEqual([3]);
  expect(cutRange(5, 6)).toEqual([6]);
});

describe("steps", () => {
  const half = (n: number) => `${"a".repeat(n - 1)}b`;
  const cases: readonly (readonly [pattern: string, text: (n: number) => string])[] = [
    ...["a*b|a", "a*b", "a++b|a", "a*?b|a", "(?:a|b)*c|a", "a(?=a*b)|a", "(?:a+)+b|a"].map(
      (pattern) => [pattern, (n: number) => "a".repeat(n)] as const,
    ),
    ...["(?:a|a)+b|a", "(?:a?){30}a{30}b|a", "(?:aa|a)*+b|a", "a(?!a*b)|(?=(?:a+a)+$)a"].map(
      (pattern) => [pattern, (n: number) => "a".repeat(n)] as const,
    ),
    ...["a(?=a*b)|a", "(?>a*b)c|a", "(?:a+(?=a*b))*?c|a"].map(
      (pattern) => [pattern, half] as const,
    ),
    ["\\d{1,3}(?=(?:\\d{3})*\\b)", (n) => "1".repeat(n)],
    ["[^x]*y|(?:[^x]+z)?a", (n) => "ab".repeat(n / 2)],
    ["\\s+(?!\\S)|\\s+", (n) => `${" ".repeat(n - 1)}a`],
  ];
  const steps = (pattern: string, text: string): number => {
    const matcher = new Matcher(programOf(pattern), "pattern");
    const bytes = encodeUtf8(text);
    matcher.begin(bytes, 0, bytes.length);
    for (let at = 0; at < bytes.length; ) at = matcher.find(at);
    return matcher.steps;
  };

  test.each(cases)("%s is linear in a text that is hard for it", (pattern, text) => {
    const [few, many] = [steps(pattern, text(4000)), steps(pattern, text(40_000))];
    expect(many / few).toBeLessThan(10.5);
    expect(few / 4000).toBeLessThan(150);
  });

  test("one count costs its own size at most", () => {
    expect(steps("a{2,256}b|a", "a".repeat(20_000)) / 20_000).toBeLessThan(2 * 256 + 64);
  });
});

describe("memory", () => {
  test.each([
    // Each choice, of 19,000, at places of as many pages as there are.
    ["of what came of choices", "(?:(?:a?){9500}){2}b", `a${"x".repeat(1023)}`.repeat(12)],
    // Two choices that are not exhausted for each of 8,000, at each place.
    ["of choices", "(?:a(?:(?:b?)?){8000})*c", "a".repeat(4000)],
  ])("%s has a bound, after which the next text is cut as ever", (_, pattern, text) => {
    const { scanner } = compilePattern(pattern, { ...ISOLATED, field: "pre_tokenizer.pattern" });
    expect(() => cut(scanner, text)).toThrow(
      `pre_tokenizer.pattern: the pattern needs more than 256 MiB to cut this text of ${text.length} bytes`,
    );
    expect(cut(scanner, "axab")).toEqual(cut(compilePattern(pattern, ISOLATED).scanner, "axab"));
  });
});

describe("counts", () => {
  test("of nothing are nothing, however many", () => {
    const nothing = "(?:(?:(?:){9999}){9999}){9999}";
    expect(cut(compilePattern(`${nothing}a`, ISOLATED).scanner, "aba")).toEqual(["a", "b", "a"]);
  });

  test.each(["(?:ab){0,9000}c", "(?:ab){0,9000}?c"])("as large as %s", (pattern) => {
    const { scanner } = compilePattern(pattern, ISOLATED);
    expect(cut(scanner, `${"ab".repeat(300)}cab`)).toEqual([`${"ab".repeat(300)}c`, "ab"]);
  });

  test("as deep as 250 groups", () => {
    const { scanner } = compilePattern(`${"(?>".repeat(250)}ab${")".repeat(250)}`, ISOLATED);
    expect(cut(scanner, "abba")).toEqual(["ab", "ba"]);
  });
});

describe("boundary", () => {
  // Patterns that random text seldom or never matches, so that it holds no place which is certain.
  const rare = new Set(["falcon digits", "blanks", "mail", "tags", "line ends"]);
  const settled = fixture.known.flatMap(({ name, pattern }) => {
    const split = compilePattern(pattern, ISOLATED);
    return split.boundary ? [{ name, pattern, least: rare.has(name) ? 0 : 5 }] : [];
  });

  test("is there unless a pattern looks behind", () => {
    const named = new Set(settled.map(({ name }) => name));
    expect(fixture.known.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([
      ...["falcon digits by look", "grouped digits", "code", "at a line's start", "after a letter"],
    ]);
  });

  test.each(settled)("of $name cuts nothing that belongs together", ({ pattern, least }) => {
    const splits: Split[] = BEHAVIORS.map((behavior) =>
      compilePattern(pattern, { behavior, invert: false }),
    );
    let inside = 0;
    fc.assert(
      fc.property(text, text, (sample, after) => {
        const bytes = encodeUtf8(sample);
        for (const split of splits) {
          const at = split.boundary!(bytes, 0, bytes.length);
          if (at > 0) inside++;
          const head = decodeUtf8(bytes.subarray(0, at));
          const tail = decodeUtf8(bytes.subarray(at));
          expect(cut(split.scanner, sample + after)).toEqual([
            ...cut(split.scanner, head),
            ...cut(split.scanner, tail + after),
          ]);
        }
      }),
      { ...runs, numRuns: 100 },
    );
    expect(inside).toBeGreaterThanOrEqual(least);
  });

  test("is near the end of ordinary text", () => {
    for (const pretokenizer of [GPT2, LLAMA3, QWEN2, O200K]) {
      const bytes = encodeUtf8(STORY);
      const at = compilePattern(patternOf(pretokenizer), ISOLATED).boundary!(
        bytes,
        0,
        bytes.length,
      );
      expect(at).toBeGreaterThan(bytes.length - 30);
    }
  });
});

describe("what is not supported throws, with its place", () => {
  test.each([
    ["a\\G", 'position 1 ("\\\\G"): \\G is not supported'],
    ["(a)\\1", "position 3"],
    ["(?<=ab)c", "position 0"],
    ["x(?i:ss)", 'position 5 ("ss)"): "ss" under (?i:…)'],
    ["(?i:é)", "position 4"],
    ["(?i:[à-ÿ])", "position 4"],
    ["\\p{Runic}", 'the property "Runic" is not supported'],
    ["(?x: a)", "position 0"],
    ["(?:a?)*", "repeating without end what may be empty"],
    ["a{20000}", "a count above 10000"],
    ["[a", "the class has no end"],
    ["(a", "is not closed"],
    ["a)", "opens nowhere"],
    ["+a", "nothing to repeat"],
    ["(?=a)*", "has no width"],
    ["[b-a]", "ends before it begins"],
    ["[\\w-.]", "begins with a set"],
    ["\\xe9", "a byte of a character"],
    ["(?:(?:(?:a|bc){1,99}){1,99}){1,99}", "too large"],
    ["a\\", "a backslash without anything after it"],
    ["[a", "position 0"],
    ["(?i", "position 0"],
  ])("%s", (pattern, problem) => {
    const options = { ...ISOLATED, field: "pre_tokenizer.pattern.Regex" };
    expect(() => compilePattern(pattern, options)).toThrow(problem);
    expect(() => compilePattern(pattern, options)).toThrow("pre_tokenizer.pattern.Regex");
  });
  const deep = "nesting more than 250 deep is not supported";
  test.each([
    ["groups", `${"(".repeat(16_000)}a${")".repeat(16_000)}`, deep],
    ["classes", `${"[".repeat(15_000)}a${"]".repeat(15_000)}`, deep],
    ["options", "(?i)".repeat(5000), deep],
    ["quantifiers", `a${"{2}".repeat(9000)}`, deep],
    ["alternatives", `(?:${"a|".repeat(200_000)}b)`, "a pattern of more than 32768 characters"],
    ["repetitions", "(?:ab){9000}(?:ab){0,9000}", "too large"],
  ])("too many %s", (_, pattern, problem) => {
    expect(() => compilePattern(pattern, ISOLATED)).toThrow(TokenizerFormatError);
    expect(() => compilePattern(pattern, ISOLATED)).toThrow(problem);
  });
});
