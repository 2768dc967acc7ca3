import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readSafetensors } from "@muladd/checkpoint";
import { expect, test } from "vitest";
import { fixture } from "./families.ts";
import { checkpoint, TEXT, workplace } from "./training.ts";

const QUIET = "--backend reference --sample-every 0 --eval-batches 1 --batch 2".split(" ");
const model = (bytes: Uint8Array) =>
  [...readSafetensors(bytes, "checkpoint").tensors].filter(([name]) => name.startsWith("model."));

/** A workplace with a trained run in it. */
async function trained() {
  const place = workplace();
  const { code } = await place.train("--steps", "20");
  expect(code).toBe(0);
  const from = (source: string, ...more: string[]) =>
    place.run(["train", "text.txt", "--from", source, "-o", "more", ...QUIET, ...more]);
  const heldOut = (run: string, step: number) =>
    place.metrics(run).find((m) => m.step === step && "heldOut" in m)?.heldOut;
  return { ...place, from, heldOut };
}

test.each(["run", "folder"])(
  "training begins with the weights of a %s, and goes on",
  async (kind) => {
    const place = await trained();
    if (kind === "folder") await place.run(["export", "run", "--to", "hf", "-o", "folder"]);
    const { code, err } = await place.from(kind, "--steps", "3");
    expect(code).toBe(0);
    expect(err).toMatch(new RegExp(`^model +${kind}`, "m"));
    expect(model(checkpoint(place, "more", 0))).toEqual(model(checkpoint(place, "run", 20)));
    expect(place.heldOut("more", 0)).toBe(place.heldOut("run", 20));
    expect(place.json("more", "config.json")).toMatchObject({
      data: { from: kind, tokenizer: "char" },
      training: { schedule: { rate: 1e-4 } },
    });
    const resumed = await place.run(["train", "--resume", "more", "--steps", "5", ...QUIET]);
    expect(resumed.code).toBe(0);
    expect(resumed.err).toMatch(/^resume step 3 of 5$/m);
  },
);

test("a run may see fewer positions than the model that it begins with", async () => {
  const place = await trained();
  expect((await place.from("run", "--steps", "1", "--context", "5")).code).toBe(0);
  const rows = (run: string, step: number) =>
    new Map(model(checkpoint(place, run, step))).get("model.positions.weight")!;
  expect(rows("more", 0).shape).toEqual([5, 8]);
  expect([...rows("more", 0).data]).toEqual([...rows("run", 20).data.slice(0, 40)]);
});

test("a run that ended before it had the weights is not begun with random ones", async () => {
  const place = await trained();
  await place.from("run", "--steps", "1");
  rmSync(place.path("more", "checkpoints"), { recursive: true });
  const { code, err } = await place.run(["train", "--resume", "more", ...QUIET]);
  expect(code).toBe(1);
  expect(err).toContain("more ended before the weights of run were saved");
  expect(err).toContain("remove more, and train with --from run again");
});

test.each([
  [["run", "--layers", "3"], "--layers cannot be chosen with --from", "run has layers 1"],
  [["run", "--context", "9"], "--context 9 is more than run has", "--context 8"],
  [["run", "--tokenizer", "bpe"], "--from and --tokenizer exclude each other", "leave --tokenizer"],
  [["run", "--resume", "run"], "--from and --resume exclude each other", "one of them"],
  [[fixture("gpt2")], "has no tokenizer", "put its tokenizer.json beside the weights"],
  [["nope"], "there is no", "nope"],
] as const)("--from %j is refused with what to do", async (args, says, remedy) => {
  const place = await trained();
  const [source, ...more] = args;
  const flags = more.includes("--resume" as never) ? more : ["-o", "more", ...more];
  const { code, err } = await place.run(["train", "text.txt", "--from", source, ...flags]);
  expect(code).toBeGreaterThan(0);
  expect(err).toContain(says);
  expect(err).toContain(remedy);
});

test("weights that cannot be saved are told, with what to do", async () => {
  const place = await trained();
  mkdirSync(place.path("more"));
  writeFileSync(place.path("more", "checkpoints"), "a file where a folder goes");
  const { code, err } = await place.from("run", "--steps", "1");
  expect(code).toBe(1);
  expect(err).toContain("the weights of run could not be saved in more");
  expect(err).toContain("make room, remove more, and the same command again");
});

test("a text with what the tokenizer does not know is refused, and nothing is written", async () => {
  const place = await trained();
  writeFileSync(place.path("text.txt"), `${TEXT}€`);
  const { code, err } = await place.from("run", "--steps", "1");
  expect(code).toBe(1);
  expect(err).toContain('"€" (U+20AC) at position 785 is not one of the 28 characters');
  expect(existsSync(place.path("more"))).toBe(false);
});
