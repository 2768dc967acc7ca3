import { expect, test } from "vitest";
import { run } from "../src/program.ts";
import { muladd, temporaryFolder, testIO } from "./support.ts";

const DEMO = ["demo", "--backend", "wasm", "--steps", "12"];

test("the demo explains itself, shows noise and then a text, and commands that work", async () => {
  const cwd = temporaryFolder();
  const { code, out, err } = await muladd(DEMO, { cwd });
  expect(code).toBe(0);
  expect(err).toMatch(/^A GPT of [\d,]+ random numbers reads simple stories/m);
  expect(err).toMatch(/^step 0\/12 val \d\.\d+ best$/m);
  expect(err.match(/^sample /gm)!.length).toBe(7);
  for (const line of err.split("\n"))
    if (!line.startsWith("sample")) expect(line.length).toBeLessThan(100);
  expect(out).toMatch(/^After 12 steps it writes:\n\n/);
  expect(out).toContain("saved  runs/demo-1\n");
  expect(out).toContain('next   muladd generate runs/demo-1 -p "The cat" ');
  const next = await muladd(["generate", "runs/demo-1", "-p", "The cat", "-n", "5"], { cwd });
  expect(next.code).toBe(0);
  expect(next.out).toMatch(/^The cat/);
});

test("Ctrl-C ends the demo cleanly", async () => {
  const io = testIO({ cwd: temporaryFolder() });
  const { write } = io.stderr;
  io.stderr.write = (text) => {
    write(text);
    if (text.startsWith("step 0/")) io.signal("SIGINT");
  };
  expect(await run(["demo", "--steps", "100000"], io)).toBe(130);
  expect(io.out).toMatch(/^stopped \d+ of 100000 steps in /);
  expect(io.out).toContain("next   muladd train --resume runs/demo-1 ");
});
