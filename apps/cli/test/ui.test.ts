import { describe, expect, test } from "vitest";
import { ascii, cells, cut, oneLine, showsUTF8, WordWrap, wrap } from "../src/ui/cells.ts";
import { bar, sparkline } from "../src/ui/draw.ts";
import { clock, duration, guess, integer, quantity, rate, speed } from "../src/ui/format.ts";
import { resolveMode } from "../src/ui/mode.ts";
import { Status } from "../src/ui/status.ts";
import { Window } from "../src/ui/window.ts";
import { testIO } from "./support.ts";

test.each([
  [0.42, "0.4s"],
  [9.94, "9.9s"],
  [59.6, "1m00s"],
  [165, "2m45s"],
  [3599.9, "1h00m"],
  [9000, "2h30m"],
  [86400 * 2.5, "2d12h"],
  [86400 * 365 * 249000, "249,000 years"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("numbers read as people write them", () => {
  expect(integer(1234567)).toBe("1,234,567");
  expect(integer(999)).toBe("999");
  expect(quantity(1.4538e9, "FLOP")).toBe("1.45 GFLOP");
  expect(quantity(999.6, "B")).toBe("1 kB");
  expect(clock(34)).toBe("0:34");
  expect(clock(3700)).toBe("1:01:40");
  expect(rate(0.00084)).toBe("8.4e-4");
  expect(speed(12.14)).toBe("12.1");
  expect(speed(1234.5)).toBe("1,235");
  expect(guess(Math.log(11))).toBe("an 11-way guess");
  expect(guess(Math.log(8.2))).toBe("an 8.2-way guess");
  expect(guess(Math.log(65))).toBe("a 65-way guess");
  expect(guess(Math.log(84))).toBe("an 84-way guess");
  expect(guess(Math.log(800))).toBe("an 800-way guess");
  expect(guess(99)).toBe("");
});

describe("cells", () => {
  test("count what a terminal shows", () => {
    expect(cells("abc")).toBe(3);
    expect(cells("日本")).toBe(4);
    expect(cells("e\u0301")).toBe(1);
    expect(cells("\x1b[31mred\x1b[39m")).toBe(3);
    expect(cells("😀")).toBe(2);
  });

  test("cut between characters, never in half of a wide one, and close colours", () => {
    expect(cut("abcdef", 3)).toBe("abc");
    expect(cut("日本", 3)).toBe("日");
    expect(cut("\x1b[31mabcdef\x1b[39m", 2)).toBe("\x1b[31mab\x1b[0m");
    expect(cut("ab", 5)).toBe("ab");
  });

  test("wrap between words, and within those that are too long", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("abcdefghij k", 4)).toEqual(["abcd", "efgh", "ij k"]);
  });

  test("a stream is wrapped between words, wherever its parts begin", () => {
    const lines = new WordWrap(9);
    const parts = ["one t", "wo th", "ree\n", "four five ", "sixteenth.\n"];
    expect(parts.map((part) => lines.push(part)).join("")).toBe(
      "one two \nthree\nfour five\nsixteenth.\n",
    );
  });

  test("text of a model cannot command the terminal", () => {
    expect(oneLine("a\x1b[2Jb\nc\x07\u009bd")).toBe("a[2Jb cd");
  });

  test("a locale decides on UTF-8, the strongest variable first", () => {
    expect(showsUTF8({ LANG: "en_US.UTF-8" })).toBe(true);
    expect(showsUTF8({ LC_ALL: "C", LANG: "en_US.UTF-8" })).toBe(false);
    expect(showsUTF8({})).toBe(false);
    expect(ascii("▕█▏ a·b → 日")).toBe("[#] a|b -> ?");
  });
});

test("bars and sparklines fill their cells", () => {
  expect(bar(0, 4, true)).toBe("▕    ▏");
  expect(bar(0.5, 4, true)).toBe("▕██  ▏");
  expect(bar(1, 4, true)).toBe("▕████▏");
  expect(bar(0.53, 4, true)).toBe("▕██▏ ▏");
  expect(bar(0.5, 4, false)).toBe("[##--]");
  expect(sparkline([], 8)).toBe("");
  expect(sparkline([1, 1], 8)).toBe("▁▁");
  expect(sparkline([8, 4, 1], 8)).toBe("█▄▁");
  expect([
    ...sparkline(
      Array.from({ length: 100 }, (_, i) => i),
      10,
    ),
  ]).toHaveLength(10);
});

describe("Window", () => {
  const at = (columns: number) => {
    const io = testIO({ terminal: columns });
    const time = { now: 0 };
    return { io, time, window: new Window(io.stderr, () => time.now) };
  };

  test("draws at most ten frames a second", () => {
    const { io, time, window } = at(40);
    for (; time.now < 1000; time.now += 10) window.draw(() => ["line"]);
    expect(io.err.match(/line/g)).toHaveLength(10);
  });

  test("goes back over what it drew, in one synchronized frame, and writes logs above", () => {
    const { io, time, window } = at(40);
    window.draw(() => ["one", "two", "three"]);
    time.now = 200;
    const before = io.err.length;
    window.log("said");
    expect(io.err.slice(before)).toBe("\x1b[?2026h\r\x1b[2A\x1b[Jsaid\none\ntwo\nthree\x1b[?2026l");
  });

  test("gives the cursor back once, and leaves nothing", () => {
    const { io, window } = at(40);
    window.close();
    expect(io.err).toBe("");
    window.draw(() => ["one", "two"]);
    window.close();
    window.close();
    expect(io.err.endsWith("\r\x1b[1A\x1b[J\x1b[?25h\x1b[?2026l")).toBe(true);
    expect(io.err.match(/\?25h/g)).toHaveLength(1);
  });

  test("cuts lines by cells", () => {
    const { io, window } = at(6);
    window.draw(() => ["日本語です"]);
    expect(io.err).toContain("日本\x1b");
  });
});

test.each([
  [{}, undefined, "plain"],
  [{}, 80, "live"],
  [{ CI: "true" }, 80, "plain"],
  [{ TERM: "dumb" }, 80, "plain"],
  [{ AGENT: "1" }, 80, "plain"],
] as const)("progress is auto: with %j and a terminal of %s it is %s", (env, terminal, mode) => {
  const io = testIO({ env, ...(terminal ? { terminal } : {}) });
  expect(resolveMode(io, "auto", false).mode).toBe(mode);
  expect(resolveMode(io, "live", false).mode).toBe("live");
  expect(resolveMode(io, "auto", true).mode).toBe("none");
});

describe("Status", () => {
  const step = (n: number, etaSec: number | undefined) =>
    ({
      type: "step",
      step: n,
      steps: 100,
      loss: 2,
      rawLoss: 2,
      rate: 1,
      gradNorm: 1,
      tokPerSec: 10,
      etaSec,
    }) as const;

  test("counts evaluations that are still to come into the time left", () => {
    const time = { now: 0 };
    const status = new Status({ steps: 100, evalEvery: 50, sampleEvery: 0 }, 0, () => time.now);
    time.now = 3;
    status.update({ type: "eval", step: 0, heldOut: 4, best: true });
    time.now = 4;
    status.update(step(1, undefined));
    expect(status.etaSec).toBeUndefined();
    status.update(step(2, 98));
    expect(status.etaSec).toBe(98 + 2 * 3);
  });

  test("one slow step moves the time left a little, and a second is a second", () => {
    const time = { now: 0 };
    const status = new Status({ steps: 100, evalEvery: 1000, sampleEvery: 0 }, 0, () => time.now);
    status.update(step(1, 100));
    time.now = 1;
    status.update(step(2, 200));
    expect(status.etaSec).toBeCloseTo(99 + 0.1 * 101, 6);
  });

  test("a pause is no time", () => {
    const time = { now: 0 };
    const status = new Status({ steps: 100, evalEvery: 50, sampleEvery: 0 }, 0, () => time.now);
    time.now = 5;
    status.pause();
    time.now = 65;
    expect(status.elapsedSec).toBe(5);
    status.resume();
    time.now = 66;
    expect(status.elapsedSec).toBe(6);
  });

  test("remembers a long run in few numbers", () => {
    const status = new Status({ steps: 1e6, evalEvery: 50, sampleEvery: 0 }, 0);
    for (let n = 1; n <= 5000; n++) status.update(step(n, undefined));
    expect(status.history.length).toBeLessThan(512);
    expect(status.history.length).toBeGreaterThan(200);
  });
});
