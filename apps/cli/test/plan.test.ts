import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { nodeFiles, openTensors } from "@muladd/checkpoint";
import { plan, planPreset, presets } from "@muladd/gpt";
import { families } from "@muladd/gpt/huggingface";
import { expect, test } from "vitest";
import { fixture, fixtures } from "./families.ts";
import { COMMIT, hubServer } from "./hub-server.ts";
import { muladd, temporaryFolder } from "./support.ts";
import { tinyRun } from "./tiny-run.ts";

/** The words of a text, however its lines were broken. */
const words = (text: string) => text.split(/\s+/).join(" ");

test("plan gpt3 gives the published figures, and the assumptions behind them", async () => {
  const { code, out, err } = await muladd(["plan", "gpt3", "--no-measure"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const text = words(out);
  for (const fact of [
    "GPT-3 175B 96 layers · 96 heads · width 12,288 · context 2,048 vocabulary 50,257",
    "parameters 174.6 billion",
    "698 GB as float32",
    "2.79 TB with Adam",
    "6 × 174.6e9 × 300e9 tokens = 3.14e23 FLOP = 3,638 petaflop/s-days",
    "one V100 356 years (28 TFLOP/s) · $4.68 million ($1.50 an hour)",
    "28 TFLOP/s: a V100 in half precision without tensor cores",
    "355 years on one V100 and $4.6 million",
  ])
    expect(text).toContain(fact);
  expect(text).not.toContain("this CPU");
});

test("no line of a plan is wider than 80 columns", async () => {
  for (const name of Object.keys(presets)) {
    const { out } = await muladd(["plan", name, "--no-measure"]);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  }
});

// Table 2.1 of GPT-3's paper prints 125M, 350M, 760M, 1.3B, 2.7B, 6.7B, 13.0B and 175.0B.
const sizes: readonly (readonly [string, number])[] = [
  ["gpt3-small", 125.2e6],
  ["gpt3-medium", 355.9e6],
  ["gpt3-large", 760.3e6],
  ["gpt3-xl", 1.3157e9],
  ["gpt3-2.7b", 2.6516e9],
  ["gpt3-6.7b", 6.6584e9],
  ["gpt3-13b", 12.8534e9],
  ["gpt3-175b", 174.6043e9],
];

test.each(sizes)(
  "%s is trained on 300 billion tokens, and has its size",
  async (name, parameters) => {
    const { code, out } = await muladd(["plan", name, "--no-measure", "--json"]);
    expect(code).toBe(0);
    const made = JSON.parse(out);
    expect(made.parameters.total / parameters).toBeCloseTo(1, 3);
    expect(made.training.tokens).toBe(300e9);
    expect(made).toMatchObject({ v: 1, ...JSON.parse(JSON.stringify(planPreset(presets[name]!))) });
  },
);

test("flags of the size make a model, and say what they leave open", async () => {
  const args = ["plan", "--layers", "12", "--heads", "12", "--width", "768", "--no-measure"];
  const made = JSON.parse((await muladd([...args, "--json"])).out);
  expect(made.config).toMatchObject({ layers: 12, heads: 12, width: 768, context: 64 });
  expect(made.assumed[0]).toBe("context 64, vocabulary 65: as in the preset small");
  const full = [...args, "--context", "1024", "--vocabulary", "50257"];
  expect(JSON.parse((await muladd([...full, "--json"])).out).parameters.total).toBe(124_439_808);
});

test("tokens, speed and price may be given with a unit", async () => {
  const { out } = await muladd([
    "plan",
    "gpt2",
    "--tokens",
    "10B",
    "--flops",
    "312T",
    "--price",
    "2",
    "--no-measure",
    "--json",
  ]);
  const made = JSON.parse(out);
  const expected = planPreset(presets.gpt2!, { tokens: 10e9, flops: 312e12, price: 2 });
  expect(made).toMatchObject({ v: 1, ...JSON.parse(JSON.stringify(expected)) });
});

test("a run is planned as it was configured", async () => {
  const folder = temporaryFolder();
  await tinyRun(folder);
  const { code, out } = await muladd(["plan", "tiny", "--no-measure", "--json"], { cwd: folder });
  expect(code).toBe(0);
  const made = JSON.parse(out);
  expect(made.training).toMatchObject({ steps: 4, batch: 2 });
  expect(made.parameters.total).toBe(plan(made.config).parameters.total);
});

test("this CPU is measured unless told otherwise", async () => {
  const made = JSON.parse((await muladd(["plan", "small", "--json"])).out);
  expect(made.here.name).toBe("this CPU");
  expect(made.here.flops).toBeGreaterThan(1e6);
  expect(made.machine.promptTokensPerSec).toBeCloseTo(made.here.flops / made.flop.token, 6);
  for (const { tokensPerSec } of made.machine.precisions) expect(tokensPerSec).toBeGreaterThan(1);
});

test("without a model it lists every preset", async () => {
  const list = JSON.parse((await muladd(["plan", "--json"])).out);
  expect(list.v).toBe(1);
  expect(list.presets.map((p: { name: string }) => p.name)).toEqual(Object.keys(presets));
});

test.each([
  [["gpt33"], "there is no preset and no model called gpt33", "try  muladd plan gpt3\n"],
  [["gpt3", "--token", "1"], "unknown option --token", "try  --tokens\n"],
  [["gpt3", "--flops", "fast"], "--flops fast is not possible", "such as 1e9, 300B or 28T"],
  [["gpt3", "--price", "-1"], "--price -1 is not possible", "0 at least"],
  [["--width", "50", "--heads", "4"], "--width 50 does not divide among 4 heads", "try  --width"],
])("plan %j is refused with what to do", async (args, what, remedy) => {
  const { code, out, err } = await muladd(["plan", ...args]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(`error: ${what}`);
  expect(err).toContain(remedy);
});

const planned = async (args: readonly string[], options = {}) => {
  const { code, out, err } = await muladd(["plan", ...args, "--no-measure", "--json"], options);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
};

test.each(fixtures)(
  "%s: as many parameters as its tensors hold, by any way to its config",
  async (name) => {
    const path = fixture(name);
    const made = await planned([path]);
    const store = await openTensors(nodeFiles(path));
    await store.close();
    const { prefix, ignored } = families.find(
      ({ modelType }) =>
        modelType === JSON.parse(readFileSync(join(path, "config.json"), "utf8")).model_type,
    )!;
    const held = [...store.tensors.values()].filter(
      (tensor) =>
        !ignored.test(tensor.name) && !(made.config.tied && tensor.name === "lm_head.weight"),
    );
    expect(
      held.every((tensor) => tensor.name === "lm_head.weight" || tensor.name.startsWith(prefix)),
    ).toBe(true);
    const numbers = held.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(made.parameters.total).toBe(numbers);
    expect(made.machine.precisions.map((p: { format: string }) => p.format)).toEqual([
      "f32",
      "bf16",
      "int8",
      "int4",
    ]);
    expect(made.machine.precisions[0]).toMatchObject({
      weights: 4 * numbers,
      fits: true,
      flags: "",
    });
    expect((await planned([join(path, "config.v4.json")])).parameters).toEqual(made.parameters);
  },
);

test("each precision fits or does not, and what it takes is said", async () => {
  const { machine } = await planned(["gpt3"]);
  const { memory, wasm, wasmMost } = machine.limits;
  expect(memory).toBe(totalmem());
  expect(wasm).toBe(Math.min(memory, 2 ** 32));
  expect(machine.precisions.map((p: { fits: boolean }) => p.fits)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(machine.training).toMatchObject({ fits: false, flags: "" });
  // More in float32 than 32-bit addresses reach, and with 64 bits what the machine has.
  const sizes = ["--layers", "40", "--width", "2048", "--heads", "16", "--vocabulary", "50000"];
  const [whole, , eighth] = (await planned([...sizes, "--context", "64"])).machine.precisions;
  const needed = whole.weights + whole.cache;
  expect(needed).toBeGreaterThan(2 ** 32);
  const there = needed <= wasmMost;
  expect(whole).toMatchObject({
    fits: there,
    flags: there ? `--memory ${Math.ceil(needed / 1e6)}M` : "",
  });
  expect(eighth).toMatchObject({ format: "int8", fits: true, flags: "--quantize int8" });
});

test("for a model of the hub, its config alone is fetched", async () => {
  const config = readFileSync(join(fixture("qwen3"), "config.json"));
  const server = await hubServer({
    "config.json": config,
    "model.safetensors": new Uint8Array(5000),
  });
  const env = { HF_HOME: temporaryFolder(), HF_ENDPOINT: server.endpoint };
  const { code, out } = await muladd(["plan", "hf:org/tiny", "--no-measure", "--json"], { env });
  expect(code).toBe(0);
  expect(JSON.parse(out).title).toBe("org/tiny");
  expect(server.requests.filter((r) => r.includes("resolve"))).toEqual([
    `GET /org/tiny/resolve/${COMMIT}/config.json bytes=0-`,
  ]);
});

test("what cannot be planned names the file and the field", async () => {
  const folder = temporaryFolder();
  const fails = async (name: string, text?: string) => {
    const path = join(folder, name);
    mkdirSync(path);
    if (text !== undefined) writeFileSync(join(path, "config.json"), text);
    const { code, err } = await muladd(["plan", name, "--no-measure"], { cwd: folder });
    expect(code).toBe(1);
    return err;
  };
  const { model_type: _, ...config } = JSON.parse(
    readFileSync(join(fixture("gpt2"), "config.json"), "utf8"),
  );
  const mamba = await fails("mamba", JSON.stringify({ ...config, model_type: "mamba" }));
  expect(mamba).toContain(
    'error: mamba/config.json: model_type is "mamba", which is not supported\n',
  );
  const text = readFileSync(join(fixture("gpt2"), "config.json"), "utf8");
  const nan = await fails("nan", text.replace(/("layer_norm_epsilon": )[^,]+/, "$1NaN"));
  expect(nan).toContain("error: nan/config.json: layer_norm_epsilon is NaN\n");
  expect(await fails("empty")).toContain("empty holds no model: it has no config.json\n");
  copyFileSync(join(fixture("gpt2"), "model.safetensors"), join(folder, "alone.safetensors"));
  const alone = await muladd(["plan", "alone.safetensors", "--no-measure"], { cwd: folder });
  expect(alone).toMatchObject({ code: 1, out: "" });
  expect(alone.err).toContain("there is no config.json beside it\n");
});
