import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, expect, test } from "vitest";
import { muladd } from "../../cli/test/support.ts";
import type { NamedBytes } from "../src/engine/store/archive.ts";
import { engineOn } from "../test/asking.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "muladd-web-"));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function filesUnder(root: string): NamedBytes[] {
  const names = readdirSync(root, { recursive: true, withFileTypes: true });
  return names
    .filter((n) => n.isFile())
    .map((n) => join(n.parentPath, n.name))
    .map((path) => ({
      path: relative(dirname(root), path),
      bytes: new Uint8Array(readFileSync(path)),
    }));
}

const FLAGS =
  "--layers 1 --heads 2 --width 16 --context 16 --batch 4 --steps 30 --warmup 0 --eval-every 10 --eval-batches 2 --save-every 10 --sample-every 0 --seed 5 --backend wasm --progress none";
const checkpoint = (folder: string, step: number) =>
  readFileSync(join(folder, `checkpoints/step-${step}.safetensors`));

/** Makes a run of 30 steps that stands at 10, as if Ctrl-C had been pressed there. */
async function interrupted(cwd: string): Promise<string> {
  writeFileSync(
    join(cwd, "text.txt"),
    "the cat sat on the mat, and the dog on the log. ".repeat(99),
  );
  const whole = await muladd(`train text.txt -o whole --keep 9 ${FLAGS}`.split(" "), { cwd });
  expect(whole.err).toBe("");
  const folder = join(cwd, "run");
  for (const { path, bytes } of filesUnder(join(cwd, "whole"))) {
    if (/step-[23]0|summary/.test(path)) continue;
    const target = join(folder, relative("whole", path));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  return folder;
}

test("a run of the command goes on in the page, and back, bit for bit on one backend", async () => {
  const cwd = temporaryFolder();
  const folder = await interrupted(cwd);

  const page = engineOn();
  const { name, missing } = await page.ask("importRun", { files: filesUnder(folder) });
  expect(missing).toMatchObject([{ path: join(cwd, "text.txt") }]);
  await expect(page.ask("openRun", { name })).rejects.toThrow(
    /its? .*text of run is not with it|the text of run/,
  );
  await expect(
    page.ask("giveText", { name, files: [new TextEncoder().encode("another text")] }),
  ).rejects.toThrow("is not the text that run began with");
  await page.ask("giveText", { name, files: [readFileSync(join(cwd, "text.txt"))] });
  const { status } = await page.ask("openRun", { name });
  expect(status.step).toBe(10);
  await page.trainTo(20);

  const { files, command } = await page.ask("exportRun", { name, as: "files" });
  for (const { path, bytes } of files) {
    const target = join(cwd, name, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  expect(checkpoint(folder, 20)).toEqual(checkpoint(join(cwd, "whole"), 20));
  expect(command).toBe("muladd train run/text/1.txt --resume run");
  const back = await muladd(
    [...command.split(" ").slice(1), "--backend", "wasm", "--progress", "none"],
    { cwd },
  );
  expect(back.err).not.toContain("error");
  expect(checkpoint(folder, 30)).toEqual(checkpoint(join(cwd, "whole"), 30));
});
