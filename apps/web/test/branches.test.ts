import { expect, test } from "vitest";
import type { WrittenToken } from "../src/engine/write.ts";
import { Branches } from "../src/screens/write/branches.ts";

const token = (id: number): WrittenToken => {
  const plain = (n: number) => ({
    id: n,
    token: `t${n}`,
    rank: n + 1,
    logit: -n,
    probability: 0.1,
    chance: 0.1,
  });
  return { ...plain(id), candidates: [0, 1, 2, 3].map(plain) };
};

test("a rejected candidate begins a branch, and the old one can be gone back to", () => {
  const text = new Branches();
  for (const id of [0, 1, 2]) text.push(token(id));
  const [, second] = text.path;
  const old = text.end!;
  text.branch(second!, 3);
  expect(text.ids).toEqual([0, 3]);
  expect(text.end!.chosen).toBe(true);
  text.push(token(1));
  expect(text.ids).toEqual([0, 3, 1]);
  expect(text.ends).toHaveLength(2);
  text.go(old);
  expect(text.ids).toEqual([0, 1, 2]);
});

test("the same token again is the same branch", () => {
  const text = new Branches();
  text.push(token(0));
  text.push(token(1));
  const [first] = text.path;
  text.branch(first!, 0);
  expect(text.ids).toEqual([0]);
  text.push(token(1));
  expect(text.ends).toHaveLength(1);
});

test("the first token can be branched at, what was no candidate cannot", () => {
  const text = new Branches();
  text.push(token(0));
  const node = text.end!;
  text.branch(node, 2);
  expect(text.ids).toEqual([2]);
  expect(() => text.branch(node, 9)).toThrow(/no candidate/);
  text.clear();
  expect(text.ends).toEqual([]);
});
