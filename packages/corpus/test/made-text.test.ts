import { expect, it } from "vitest";
import { type MadeSource, madeText, stories, tasks } from "../src/index.ts";

it("makes the text of a record anew", () => {
  const size = { seed: 3, characters: 2_000 };
  expect(madeText({ kind: "stories", ...size })).toBe(stories(size));
  expect(madeText({ kind: "task", task: "sort", ...size })).toBe(tasks.sort.text(size));
});

it("names the tasks when a record has another", () => {
  // As a config.json of a newer version may hold it.
  const record = { kind: "task", task: "constructor", seed: 1, characters: 1 } as unknown;
  expect(() => madeText(record as MadeSource)).toThrow(
    'there is no task "constructor"; it is one of copy, reverse, sort,',
  );
});
