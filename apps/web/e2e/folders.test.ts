import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { button, goTo, pause, stepOf, takeTiny, train, until, type Watched, watch } from "./app.ts";
import { drop } from "./drop.ts";
import { launch, Site } from "./site.ts";

let site: Site;
let browser: Browser;
let page: Page;
let complaints: Watched["complaints"];
let folder: string;
let step: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "muladd-folders-"));
  site = new Site();
  browser = await launch();
  page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  // Nobody is there to pick a folder: one of the origin's own is a handle of the same kind.
  await page.addInitScript(() => {
    const showDirectoryPicker = async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle("picked", { create: true });
    Object.assign(globalThis, { showDirectoryPicker });
  });
  ({ complaints } = await watch(page, await site.serve(), "train"));
  await takeTiny(page);
  await train(page, 5);
  await pause(page);
  step = await stepOf(page);
  await goTo(page, "runs");
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const runs = () => page.getByRole("region", { name: "Runs" });
const told = () => runs().getByRole("status").innerText();

/** The files below "picked", by path. */
const picked = () =>
  page.evaluate(async () => {
    const files: Record<string, number[]> = {};
    const visit = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      // Entries are told apart by their kind, which the type does not know.
      for await (const [name, entry] of folder.entries())
        if (entry.kind === "directory")
          await visit(entry as FileSystemDirectoryHandle, `${path}${name}/`);
        else {
          const file = await (entry as FileSystemFileHandle).getFile();
          files[path + name] = [...new Uint8Array(await file.arrayBuffer())];
        }
    };
    const origin = await navigator.storage.getDirectory();
    await visit(await origin.getDirectoryHandle("picked", { create: true }), "");
    return files;
  });

test("a run is written into a folder, the same files as its .zip holds", async () => {
  await button(page, "Write tiny-1 into a folder").click();
  await expect.poll(told).toContain("Go on with: muladd train --resume tiny-1");
  const written = await picked();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    button(page, "Take out tiny-1 as a .zip").click(),
  ]);
  const zip = join(folder, "tiny-1.zip");
  await download.saveAs(zip);
  const zipped = unzipSync(readFileSync(zip));
  expect(Object.keys(written)).toContain(`tiny-1/checkpoints/step-${step}.safetensors`);
  expect(Object.keys(written).sort()).toEqual(Object.keys(zipped).sort());
  for (const [path, bytes] of Object.entries(zipped)) {
    expect(Buffer.from(written[path]!).equals(bytes), path).toBe(true);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
});

test("nobody who picks no folder is told of an error", async () => {
  await page.evaluate(() => {
    const showDirectoryPicker = () => Promise.reject(new DOMException("", "AbortError"));
    Object.assign(globalThis, { showDirectoryPicker });
  });
  await button(page, "Write tiny-1 into a folder").click();
  await expect.poll(told).toBe("");
  expect(await runs().getByRole("alert").count()).toBe(0);
});

test("dropped as a .zip and as a folder it is here again, and goes on", async () => {
  await drop(join(folder, "tiny-1.zip"), runs());
  await expect.poll(told).toContain("tiny-2 is here");
  await drop(join(folder, "tiny-1"), runs());
  await expect.poll(told).toContain("tiny-3 is here");
  await button(page, "Go on with tiny-3").click();
  await expect.poll(told).toContain(`tiny-3 is open at step ${step}`);
  await button(page, "One step").click();
  await until(page, (now) => now === step + 1);
});

test("what is no run is refused, with what to drop instead", async () => {
  const alert = () => runs().getByRole("alert").innerText();
  writeFileSync(join(folder, "notes.txt"), "no run");
  await drop(join(folder, "notes.txt"), runs());
  await expect
    .poll(alert)
    .toContain(
      "there is no run in notes.txt: it has no config.json: choose the folder that holds it",
    );
  writeFileSync(
    join(folder, "half.zip"),
    readFileSync(join(folder, "tiny-1.zip")).subarray(0, 999),
  );
  await drop(join(folder, "half.zip"), runs());
  await expect.poll(alert).toContain("half.zip is not a whole .zip");
  expect(await runs().getByRole("listitem").count()).toBe(3);
  expect(complaints).toEqual([]);
});
