import { describe, expect, it } from "vitest";
import { isTaskName, seeded, type TaskName, taskNames, tasks } from "../src/index.ts";

/** What the right answer is, computed from the prompt by other means. */
const SOLVE: Record<TaskName, (prompt: string) => string> = {
  copy: (prompt) => /^copy ([a-z]{3,8})>$/.exec(prompt)![1]!,
  reverse: (prompt) => {
    const letters = /^reverse ([a-z]{3,8})>$/.exec(prompt)![1]!;
    let out = "";
    for (const letter of letters) out = letter + out;
    return out;
  },
  sort: (prompt) => {
    const letters = /^sort ([a-z]{3,8})>$/.exec(prompt)![1]!;
    return [..."abcdefghijklmnopqrstuvwxyz"]
      .map((letter) => letter.repeat(letters.split(letter).length - 1))
      .join("");
  },
  addition: (prompt) => {
    const [, a, b] = /^(\d{1,2})\+(\d{1,2})=$/.exec(prompt)!;
    return String(Number(a) + Number(b));
  },
  brackets: (prompt) => {
    let open = /^close ([()[\]{}]{4,10})>$/.exec(prompt)![1]!;
    // Pairs vanish until none is left; what stays is open.
    for (let before = ""; before !== open; ) {
      before = open;
      open = open.replace(/\(\)|\[\]|\{\}/g, "");
    }
    expect(open).toMatch(/^[([{]+$/);
    return [...open]
      .map((bracket) => ")]}"["([{".indexOf(bracket)])
      .reverse()
      .join("");
  },
  modular: (prompt) => {
    const [, a, b] = /^(\d{1,2})\+(\d{1,2})=$/.exec(prompt)!;
    const sum = Number(a) + Number(b);
    return `${sum}=${sum < 97 ? sum : sum - 97}`;
  },
};

/** Splits a line of training text behind the sign before the answer. */
const question = (line: string) => {
  const at = line.search(/[>=]/) + 1;
  return { prompt: line.slice(0, at), answer: line.slice(at) };
};

it("knows its names", () => {
  expect(Object.keys(tasks)).toEqual(taskNames);
  expect([...taskNames, "toString", "Copy", 1].filter(isTaskName)).toEqual(taskNames);
});

describe.each(taskNames)("%s", (name) => {
  const task = tasks[name];
  const text = task.text({ seed: 4, characters: 60_000 });
  const exam = task.exam({ seed: 4, count: 200 });

  it("goes by its name", () => {
    expect(task.name).toBe(name);
    expect(task.describe).toMatch(/: \S.*[>=]\S+$/);
  });

  it("answers right, in examples, training text and exams", () => {
    const random = seeded(9);
    const lines = text.trimEnd().split("\n").map(question);
    const examples = Array.from({ length: 200 }, () => task.example(random));
    for (const { prompt, answer } of [...lines, ...examples, ...exam]) {
      expect(answer).toBe(SOLVE[name](prompt));
    }
  });

  it("trains on no question of an exam, and examines on different ones", () => {
    const trained = new Set(text.split("\n").map((line) => question(line).prompt));
    expect(exam.filter(({ prompt }) => trained.has(prompt))).toEqual([]);
    expect(new Set(exam.map(({ prompt }) => prompt)).size).toBe(200);
    expect(exam.every(({ prompt }) => task.isHeldOut(prompt))).toBe(true);
  });

  it("holds out about one prompt in ten", () => {
    const random = seeded(2);
    const prompts = Array.from({ length: 4_000 }, () => task.example(random).prompt);
    const share = prompts.filter((prompt) => task.isHeldOut(prompt)).length / prompts.length;
    // Four standard deviations of 4,000 draws at 0.1 are 0.019; addition has but 5,050 to hash.
    expect(Math.abs(share - 0.1)).toBeLessThan(0.025);
  });

  it("uses its declared characters, and all of them", () => {
    expect([...new Set(text)].sort().join("")).toBe(task.characters);
  });

  it("is the same for a seed, another for another, and longer from the same beginning", () => {
    expect(task.text({ seed: 4, characters: 60_000 })).toBe(text);
    expect(text.startsWith(task.text({ seed: 4, characters: 1_000 }))).toBe(true);
    expect(task.text({ seed: 5, characters: 1_000 })).not.toBe(text.slice(0, 1_000));
    expect(task.exam({ seed: 4, count: 50 })).toEqual(exam.slice(0, 50));
    expect(text.length - 60_000).toBeLessThan(30);
    expect(text.length).toBeGreaterThanOrEqual(60_000);
  });

  it("scores the share of exact answers, up to the end of the line", () => {
    const right = exam.map(({ answer }) => answer);
    expect(task.score(exam, right)).toBe(1);
    expect(
      task.score(
        exam,
        right.map((answer) => `${answer}\nmore`),
      ),
    ).toBe(1);
    expect(
      task.score(
        exam,
        right.map((answer) => `${answer} `),
      ),
    ).toBe(0);
    expect(
      task.score(
        exam,
        right.map((answer, i) => (i % 4 === 0 ? answer : "")),
      ),
    ).toBe(0.25);
  });

  it("refuses what it cannot score, ask or write", () => {
    expect(() => task.score(exam, ["a"])).toThrow(/1 completions for 200 questions/);
    expect(() => task.score([], [])).toThrow(RangeError);
    expect(() => task.exam({ seed: 1, count: -1 })).toThrow(/count must be a whole number/);
    expect(() => task.text({ seed: 1, characters: 2.5 })).toThrow(RangeError);
    expect(() => task.text({ seed: 1.5, characters: 10 })).toThrow(/seed must be/);
  });
});

it.each(["addition", "modular"] as const)("%s holds a sum out in both orders", (name) => {
  for (let a = 0; a < 97; a++) {
    for (let b = 0; b < a; b++) {
      expect(tasks[name].isHeldOut(`${a}+${b}=`)).toBe(tasks[name].isHeldOut(`${b}+${a}=`));
    }
  }
});

describe("addition", () => {
  it("says how many questions there are when asked for more", () => {
    const all = Array.from({ length: 10_000 }, (_, i) => `${i % 100}+${Math.floor(i / 100)}=`);
    const heldOut = all.filter((prompt) => tasks.addition.isHeldOut(prompt)).length;
    expect(tasks.addition.exam({ seed: 1, count: heldOut })).toHaveLength(heldOut);
    expect(() => tasks.addition.exam({ seed: 1, count: heldOut + 1 })).toThrow(
      `at most ${heldOut} questions`,
    );
  });
});
