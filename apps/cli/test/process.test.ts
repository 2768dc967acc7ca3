import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkpoint, TEXT, workplace } from "./training.ts";

// The program as a process of its own, made from the source as it is now.
const package_ = fileURLToPath(new URL("..", import.meta.url));
const built = mkdtempSync(join(tmpdir(), "muladd-program-"));
const main = join(built, "dist", "main.js");

beforeAll(async () => {
  copyFileSync(join(package_, "package.json"), join(built, "package.json"));
  await build({
    root: package_,
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["@muladd/source"] },
    ssr: { noExternal: true, resolve: { conditions: ["@muladd/source", "node"] } },
    build: {
      ssr: "src/main.ts",
      outDir: join(built, "dist"),
      target: "es2022",
      rolldownOptions: { output: { chunkFileNames: "[name]-[hash].js" } },
    },
  });
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

function start(
  cwd: string,
  args: readonly string[],
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout!.on("data", (part) => {
    out += part;
  });
  child.stderr!.on("data", (part) => {
    err += part;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, out, err }));
  });
  return { child, ended };
}

const FLAGS =
  "--layers 1 --width 8 --heads 2 --context 8 --batch 2 --eval-batches 1 --sample-every 0 --warmup 0 --backend wasm";
const train = (steps: number) =>
  `train text.txt -o run ${FLAGS} --steps ${steps} --eval-every 50 --save-every 50 --progress plain`.split(
    " ",
  );

const waitFor = async (child: ChildProcess, text: string) => {
  let seen = "";
  await new Promise<void>((resolve) => {
    child.stderr!.on("data", (part) => {
      seen += part;
      if (seen.includes(text)) resolve();
    });
    child.on("close", () => resolve());
  });
};

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s saves, says how to resume, and exits with %i; the resumed run is the whole run",
  async (signal, code) => {
    const place = workplace(TEXT);
    const { child, ended } = start(place.cwd, train(600));
    await waitFor(child, "step 50/600");
    child.kill(signal);
    const result = await ended;
    expect(result.code).toBe(code);
    const stopped = Number(/^stopped (\d+) of 600 steps/.exec(result.out)?.[1]);
    expect(place.checkpoints()).toContain(`step-${stopped}.safetensors`);
    expect(result.out).toMatch(/next {3}\S.* train --resume run\n$/);

    const resumed = await start(place.cwd, ["train", "--resume", "run", "--backend", "wasm"]).ended;
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.err).toContain(`resume step ${stopped} of 600\n`);
    const whole = await place.run(train(600).map((a) => (a === "run" ? "whole" : a)));
    expect(whole.code).toBe(0);
    expect(checkpoint(place, "run", 600).equals(checkpoint(place, "whole", 600))).toBe(true);
  },
);

test("a run that is killed again and again, at any moment, gets to the same end", async () => {
  const place = workplace(TEXT);
  const steps = 3000;
  let kills = 0;
  let begun = false;
  for (const wait of [30, 250, 420, 470, 530, 610, 700, 800]) {
    const args = begun
      ? ["train", "--resume", "run", "--backend", "wasm", "--progress", "plain"]
      : train(steps);
    const { child, ended } = start(place.cwd, args);
    setTimeout(() => child.kill("SIGKILL"), wait);
    const { err, signal } = await ended;
    expect(err).not.toContain("error");
    begun = existsSync(place.path("run", "config.json"));
    if (signal === "SIGKILL") kills++;
  }
  expect(kills).toBeGreaterThan(0);
  const last = begun ? ["train", "--resume", "run", "--backend", "wasm"] : train(steps);
  expect(await start(place.cwd, last).ended).toMatchObject({ code: 0 });
  expect((await place.run(train(steps).map((a) => (a === "run" ? "whole" : a)))).code).toBe(0);
  expect(checkpoint(place, "run", steps).equals(checkpoint(place, "whole", steps))).toBe(true);
  expect(readdirSync(place.path("run", "checkpoints")).filter((f) => f.endsWith(".tmp"))).toEqual(
    [],
  );
});

test("a reader that has enough ends the program quietly", async () => {
  const place = workplace();
  await place.train("--steps", "1");
  const args = "generate run -p A -n 200000 --backend wasm".split(" ");
  const { child, ended } = start(place.cwd, args);
  child.stdout!.once("data", () => child.stdout!.destroy());
  expect(await ended).toMatchObject({ code: 0, err: "" });
});

test("the program starts, in a folder whose path has a space, and says where it is", async () => {
  const place = workplace();
  expect(place.cwd).toContain(" ");
  writeFileSync(place.path("empty.txt"), "");
  expect(await start(place.cwd, ["train", "empty.txt", "-q"]).ended).toMatchObject({
    code: 1,
    out: "",
    err: "error: empty.txt is empty\n  it must hold UTF-8 text\n",
  });
});

test("without the npm package webgpu its backend says what to install", async () => {
  const place = workplace();
  for (const verb of [["train", "text.txt"], ["bench"], ["gradcheck"]]) {
    const { ended } = start(place.cwd, [...verb, "--backend", "webgpu"]);
    const { code, err } = await ended;
    expect(code).toBe(3);
    expect(err).toContain("the npm package webgpu is not installed\n");
    expect(err).toContain("  run `npm install webgpu`, or use another backend\n");
    expect(err).toContain("  try  --backend wasm\n");
  }
  const { out } = await start(place.cwd, ["doctor"]).ended;
  expect(out).toMatch(
    /\nwebgpu +no +Node has no WebGPU of its own.*\n +try {2}run `npm install webgpu`/,
  );
});
