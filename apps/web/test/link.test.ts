import { expect, test } from "vitest";
import { DEFAULTS } from "../src/client/defaults.ts";
import { queryOf, readQuery } from "../src/screens/train/link.ts";

test("a link brings settings and seed back", () => {
  const settings = {
    ...DEFAULTS,
    preset: "tiny",
    tokenizer: "bpe:300",
    data: { kind: "task", task: "addition", characters: 500_000 } as const,
    model: { width: 48, bias: false },
    training: { ...DEFAULTS.training, seed: 7, steps: 120 },
    flags: { lr: 0.002, schedule: "linear" as const },
  };
  expect(readQuery(queryOf(settings))).toEqual({ settings, problems: [] });
});

test("a link never holds text", () => {
  const data = { kind: "text", name: "diary.txt", text: "secret words" } as const;
  const query = queryOf({ ...DEFAULTS, data });
  expect(query).not.toMatch(/secret|diary/);
  const { settings, problems } = readQuery(query);
  expect(settings.data).toEqual(DEFAULTS.data);
  expect(problems).toEqual([expect.stringContaining("text of its own")]);
});

test.each([
  ["preset=huge", "preset"],
  ["preset=__proto__", "preset"],
  ["preset=constructor", "preset"],
  ["tokenizer=bpe:1", "tokenizer"],
  ["data=<script>", "data"],
  ["layers=-1", "layers"],
  ["layers=1.5", "layers"],
  ["lr=NaN", "lr"],
  ["lr=", "lr"],
  ["steps=1e99", "steps"],
  ["seed=4294967296", "seed"],
  ["bias=maybe", "bias"],
  ["schedule=circle", "schedule"],
  ["frobnicate=1", "frobnicate"],
  ["width=50&heads=4", "width"],
  ["min-lr=0.5&lr=0.1", "floor"],
  ["optimizer=sgd&beta1=0.5", "beta1"],
])("of %s one hears, and the default is taken", (query, word) => {
  const { settings, problems } = readQuery(query);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(word);
  expect(settings).toEqual(DEFAULTS);
});
