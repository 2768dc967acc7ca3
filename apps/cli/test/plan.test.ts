import { fileURLToPath } from "node:url";
import { plan, planPreset, presets } from "@muladd/gpt";
import { expect, test } from "vitest";
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
});

test("without a model it lists every preset", async () => {
  const list = JSON.parse((await muladd(["plan", "--json"])).out);
  expect(list.v).toBe(1);
  expect(list.presets.map((p: { name: string }) => p.name)).toEqual(Object.keys(presets));
});

test.each([
  [["gpt33"], "there is no preset and no run called gpt33", "try  muladd plan gpt3\n"],
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

test("a configuration of Hugging Face's is planned in each format, with what fits and how fast", async () => {
  const fixture = new URL("../../../packages/conformance/fixtures/families/llama", import.meta.url);
  const folder = fileURLToPath(fixture);
  const made = JSON.parse((await muladd(["plan", folder, "--json"])).out);
  expect(made.config).toMatchObject({ norm: "rms", positions: "rotary", gated: true });
  const formats = made.formats as { weights: string; bytes: number; total: number }[];
  expect(formats.map((f) => f.weights)).toEqual(["f32", "bf16", "int8", "int4"]);
  expect(formats[0]!.bytes).toBe(4 * made.parameters.total);
  for (const { bytes, total } of formats) expect(total).toBe(bytes + made.bytes.cache);
  expect(made.formats[0]).toMatchObject({ fits: "yes" });
  expect(made.formats[3].tokPerSec).toBeGreaterThan(0);
  const file = await muladd(["plan", `${folder}/config.json`, "--json", "--no-measure"]);
  expect(JSON.parse(file.out).config).toEqual(made.config);
  expect(JSON.parse(file.out).formats[0]).not.toHaveProperty("tokPerSec");
});

test("GPT-3 fits nowhere here, GPT-2 XL in 4 GiB once quantized", async () => {
  const fits = async (name: string) =>
    JSON.parse((await muladd(["plan", name, "--no-measure", "--json"])).out).formats.map(
      (f: { fits: string }) => f.fits,
    );
  expect(await fits("gpt3")).toEqual(["no", "no", "no", "no"]);
  expect((await fits("gpt2-xl")).slice(2)).toEqual(["yes", "yes"]);
});
