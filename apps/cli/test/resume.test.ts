import { renameSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkpoint, SMALL, TEXT, workplace } from "./training.ts";

test.each(["reference", "wasm"])(
  "2N steps are N steps, a pause, and N steps, to the last bit, on %s",
  async (backend) => {
    const place = workplace();
    const flags = [...SMALL, "--backend", backend, "--dropout", "0.1", "--accumulate", "2"];
    await place.run(["train", "text.txt", "-o", "whole", ...flags, "--steps", "10"]);
    await place.run(["train", "text.txt", "-o", "parts", ...flags, "--steps", "5"]);
    const resumed = ["train", "--resume", "parts", "--steps", "10", "--backend", backend];
    const { code, err } = await place.run(resumed);
    expect(code).toBe(0);
    expect(err).toMatch(/^resume step 5 of 10$/m);
    const [a, b] = [checkpoint(place, "whole", 10), checkpoint(place, "parts", 10)];
    expect(a.equals(b)).toBe(true);
    const losses = (run: string) =>
      place
        .metrics(run)
        .filter((m) => m.step === 10)
        .map(({ loss, heldOut }) => loss ?? heldOut);
    expect(losses("parts")).toEqual(losses("whole"));
  },
);

test("without a value, the newest run is resumed", async () => {
  const place = workplace();
  for (const n of [1, 2]) await place.run(["train", "text.txt", ...SMALL, "--steps", `${n}`]);
  const { code, out } = await place.run([
    "train",
    "--resume",
    "--steps",
    "3",
    "--backend",
    "reference",
  ]);
  expect(code).toBe(0);
  expect(out).toContain("saved  runs/small-2\n");
});

test("a run that is done says so, and how to go on", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  const { code, out } = await place.run(["train", "--resume", "run", "--backend", "reference"]);
  expect(code).toBe(0);
  expect(out).toBe(
    "done   run has done its 2 steps already\nnext   muladd train --resume run --steps 4\n",
  );
});

test("fewer steps than a run has done are told as such", async () => {
  const place = workplace();
  await place.train("--steps", "3");
  const { out } = await place.run("train --resume run --steps 2 --backend reference".split(" "));
  expect(out).toMatch(
    /^done {3}run has done 3 steps already, and --steps asks for 2\nnext .* 6\n$/,
  );
});

test("a text that is gone can be given anew to eval, too", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  renameSync(place.path("text.txt"), place.path("moved.txt"));
  const gone = await place.run("eval run --backend reference".split(" "));
  expect(gone.code).toBe(1);
  expect(gone.err).toContain("try  muladd eval run FILE\n");
  const found = await place.run("eval run moved.txt --backend reference".split(" "));
  expect(found.code).toBe(0);
});

test("a run that was killed before its first checkpoint begins anew", async () => {
  const place = workplace();
  await place.train("--steps", "4");
  const whole = checkpoint(place, "run", 4);
  rmSync(place.path("run", "checkpoints"), { recursive: true });
  rmSync(place.path("run", "summary.json"));
  const { code, err } = await place.run(["train", "--resume", "run", "--backend", "reference"]);
  expect(code).toBe(0);
  expect(err).toMatch(/^resume step 0 of 4$/m);
  expect(checkpoint(place, "run", 4).equals(whole)).toBe(true);
});

test("training flags change a resumed run, and are kept", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  const more = "--steps 4 --lr 0.001 --clip 0.5 --backend reference".split(" ");
  expect((await place.run(["train", "--resume", "run", ...more])).code).toBe(0);
  expect(place.json("run", "config.json").training).toMatchObject({
    steps: 4,
    clip: 0.5,
    schedule: { kind: "constant", rate: 0.001, warmup: 0 },
    batch: 2,
  });
});

test("the model of a resumed run cannot change; the same value is no change", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  const resume = ["train", "--resume", "run", "--steps", "3", "--backend", "reference"];
  for (const [flag, value, has] of [
    ["--width", "16", "width 8"],
    ["--layers", "2", "layers 1"],
    ["--tokenizer", "bytes", "tokenizer char"],
    ["--preset", "tiny", "preset small"],
    ["--split", "0.5", "split 0.9"],
  ] as const) {
    const { code, err } = await place.run([...resume, flag, value]);
    expect(code).toBe(2);
    expect(err).toContain(
      `error: ${flag} cannot change when a run is resumed\n  run has ${has}, and keeps it\n`,
    );
  }
  expect((await place.run([...resume, "--width", "8", "--preset", "small"])).code).toBe(0);
});

test("a text that changed is an error that says how to go on with it", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  writeFileSync(place.path("text.txt"), TEXT.replace("cat", "bat"));
  const resume = ["train", "--resume", "run", "--steps", "3", "--backend", "reference"];
  const { code, err } = await place.run(resume);
  expect(code).toBe(1);
  expect(err).toContain("error: text.txt is not the text that run began with\n");
  expect(err).toContain("try  muladd train text.txt --resume run\n");
  const given = await place.run(["train", "text.txt", ...resume.slice(1)]);
  expect(given.code).toBe(0);
  expect(given.err).toContain("the text is not what run began with; going on with the new one");
});

test("a text that moved can be given by its new name", async () => {
  const place = workplace();
  await place.train("--steps", "2");
  renameSync(place.path("text.txt"), place.path("moved.txt"));
  const resume = ["train", "--resume", "run", "--steps", "3", "--backend", "reference"];
  const gone = await place.run(resume);
  expect(gone.code).toBe(1);
  expect(gone.err).toContain("error: the text of run cannot be read: there is no file text.txt\n");
  expect(gone.err).toContain("try  muladd train FILE --resume run\n");
  const found = await place.run(["train", "moved.txt", ...resume.slice(1)]);
  expect(found.code).toBe(0);
  expect(found.err).not.toContain("note");
});

test("a damaged newest checkpoint is passed over, and said", async () => {
  const place = workplace();
  await place.train("--steps", "4", "--save-every", "2");
  writeFileSync(place.path("run", "checkpoints", "step-4.safetensors"), "cut");
  const { code, err } = await place.run(["train", "--resume", "run", "--backend", "reference"]);
  expect(code).toBe(0);
  expect(err).toMatch(/^note .*step-4\.safetensors.*passing it over$/m);
  expect(err).toMatch(/^resume step 2 of 4$/m);
});

test("--resume excludes what makes a new run", async () => {
  const place = workplace();
  for (const flags of [["-o", "x"], ["--task", "copy"], ["--dry-run"]]) {
    const { code, err } = await place.run(["train", "--resume", "run", ...flags]);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: --resume and .* exclude each other\n/);
  }
});
