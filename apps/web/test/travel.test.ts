import { expect, test } from "vitest";
import { engineOn, tiny } from "./asking.ts";

test("a .zip holds the folder, and is a run again elsewhere", async () => {
  const page = engineOn();
  await page.ask("start", { ...tiny, paused: true });
  await page.trainTo(6);
  const { files } = await page.ask("exportRun", { name: "tiny-1", as: "zip" });
  expect(files[0]!.path).toBe("tiny-1.zip");
  const other = engineOn();
  const { name, missing } = await other.ask("importRun", { files });
  expect([name, missing]).toEqual(["tiny-1", []]);
  expect((await other.ask("openRun", { name })).status.step).toBe(6);
  await expect(
    other.ask("importRun", {
      files: [{ path: "tiny-1.zip", bytes: files[0]!.bytes.slice(0, 5000) }],
    }),
  ).rejects.toThrow("tiny-1.zip is not a whole .zip");
});

test("what is no run, or a damaged one, is refused by the part that is wrong, and nothing is kept", async () => {
  const page = engineOn();
  await page.ask("start", { ...tiny, paused: true });
  await page.trainTo(6);
  const { files } = await page.ask("exportRun", { name: "tiny-1", as: "files" });
  await page.ask("deleteRun", { name: "tiny-1" });
  const brought = (change: Record<string, string | undefined>) =>
    page.ask("importRun", {
      files: files.flatMap(({ path, bytes }) => {
        if (!(path in change)) return [{ path: `my/${path}`, bytes }];
        const text = change[path];
        return text === undefined
          ? []
          : [{ path: `my/${path}`, bytes: new TextEncoder().encode(text) }];
      }),
    });
  await expect(brought({ "config.json": undefined })).rejects.toThrow("it has no config.json");
  await expect(brought({ "config.json": "{" })).rejects.toThrow(/my\/config.json is cut short/);
  await expect(brought({ "config.json": '{"model_type":"gpt2"}' })).rejects.toThrow(
    "written by something else",
  );
  await expect(brought({ "config.json": '{"muladd":99}' })).rejects.toThrow("newer muladd");
  await expect(brought({ "tokenizer.json": undefined })).rejects.toThrow("lacks its tokenizer");
  await expect(brought({ "checkpoints/step-6.safetensors": "junk" })).rejects.toThrow(
    /step-6.safetensors/,
  );
  await expect(page.ask("importRun", { files: [] })).rejects.toThrow("there is no run");
  expect((await page.ask("runs", undefined)).runs).toEqual([]);
});
