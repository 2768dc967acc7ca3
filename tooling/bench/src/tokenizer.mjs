import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { build } from "vite";
import { contestants, dist, tokenizerJSON } from "../tokenizers/contestants.mjs";
import { judge } from "./bars.mjs";
import { ask, here, root } from "./children.mjs";
import { installPeers } from "./install.mjs";
import { cpu } from "./machine.mjs";
import { interleave, median } from "./rounds.mjs";
import { table } from "./table.mjs";

/** @typedef {import("./options.mjs").Options} Options */
/** @typedef {Awaited<ReturnType<typeof measureText>>[number]} Standing */

const ORACLE = "tiktoken";
const MADE = { small: 1_115_394, large: 50_000_000 };

/**
 * The tokenizer beside its peers: one process a contestant and round, one thread.
 * @param {Options} options
 */
export async function compare(options) {
  const failed = await installPeers("tokenizers", "105 MB");
  if (failed)
    return console.log(`the peers were not measured: npm could not install them: ${failed}`);
  const folder = mkdtempSync(join(tmpdir(), "muladd-bench-"));
  try {
    const { data, text } = await measure(options, folder);
    console.log(options.json ? JSON.stringify(data) : text);
    if (data.bars.some(({ verdict }) => verdict === "fail")) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {Options} options @param {string} folder for files that live as long as the run */
async function measure(options, folder) {
  const { encoding, rounds, seconds } = options;
  const small = await textFile(options.text, folder, MADE.small);
  const json = join(folder, "tokenizer.json");
  writeFileSync(json, JSON.stringify(await tokenizerJSON(encoding)));
  /** @type {string[]} */
  const lost = [];
  /** @param {string} part @param {object} of */
  const child = (part, of) =>
    ask(process.execPath, [join(here, "tokenizers/measure.mjs"), part, JSON.stringify(of)]);
  /** @param {string} part @param {object} of @param {number} times */
  const everyone = (part, of, times) =>
    interleave(
      Object.fromEntries(
        Object.keys(contestants).map((name) => [
          name,
          () => child(part, { name, encoding, json, ...of }),
        ]),
      ),
      times,
      (name, error) => lost.push(`${name} is left out of ${part}: ${reason(error)}`),
    );

  const standings = measureText(await everyone("text", { path: small.path, seconds }, rounds));
  const worst = await everyone("worst", { warmUp: "hello world ".repeat(1000) }, 1);
  const core = await coreSize(folder);
  const train = {
    small: await best(3, () => child("train", { path: small.path, vocabulary: 4096 })),
    large: options.parts.includes("train")
      ? await child("train", {
          path: (await textFile(options.trainText, folder, MADE.large)).path,
          vocabulary: 32_768,
        })
      : undefined,
  };
  const bars = judge({ encoding, standings, worst, core, train });
  const data = {
    encoding,
    text: small.name,
    node: process.versions.node,
    cpu: cpu(),
    standings,
    worst,
    core,
    train,
    bars,
    lost,
  };
  const lines = [
    `muladd's tokenizer on ${cpu()}, Node ${process.versions.node}, one thread, ${encoding}`,
    `text: ${small.name}; medians of ${rounds} rounds, each in fresh processes in turn`,
    "",
    textTable(standings),
    "",
    worstTable(worst),
    "",
    `core code (tiktoken() from the package, minified, brotli): ${(core / 1000).toFixed(1)} kB`,
    ...Object.values(train).flatMap((t) =>
      t
        ? `training: ${t.megabytes.toFixed(1)} MB → ${t.size} tokens in ${t.seconds.toFixed(2)} s`
        : [],
    ),
    "",
    barTable(bars),
    ...lost,
  ];
  return { data, text: lines.join("\n") };
}

/** @param {unknown} error */
const reason = (error) =>
  String(error)
    .match(/^\w*Error.*: .*$/gm)
    ?.at(-1) ?? String(error);

/** The best of a few processes, as time that others took is none of ours. @param {number} times @param {() => Promise<any>} body */
async function best(times, body) {
  const all = [];
  for (let i = 0; i < times; i++) all.push(await body());
  return all.sort((a, b) => a.seconds - b.seconds)[0];
}

/**
 * A text to measure with: the file that is named, tinyshakespeare where it lies beside the repository, else made.
 * @param {string | undefined} named
 * @param {string} folder
 * @param {number} characters
 */
async function textFile(named, folder, characters) {
  const beside = join(root, "../shared/data/tinyshakespeare.txt");
  const found = named ?? (characters === MADE.small && existsSync(beside) ? beside : undefined);
  if (found !== undefined) {
    const { size } = statSync(found);
    return { path: found, name: `${found.split("/").at(-1)}, ${(size / 1e6).toFixed(2)} MB` };
  }
  const { stories } = await import(join(root, "packages/corpus/dist/index.js"));
  const path = join(folder, `${characters}.txt`);
  writeFileSync(path, stories({ seed: 1, characters }));
  return { path, name: `${(characters / 1e6).toFixed(2)} MB of stories, made by @muladd/corpus` };
}

/**
 * @typedef {{ load: number, cold: number, warm: number, count?: number, decode: number, back: boolean, ids: string }} Answer
 * @param {import("./rounds.mjs").Seen<Answer>} seen
 */
function measureText(seen) {
  const right = seen[ORACLE]?.[0]?.ids;
  return Object.entries(seen).map(([name, answers]) => ({
    name,
    load: median(answers.map((a) => a.load)),
    cold: median(answers.map((a) => a.cold)),
    warm: median(answers.map((a) => a.warm)),
    count: answers[0]?.count === undefined ? undefined : median(answers.map((a) => a.count ?? 0)),
    decode: median(answers.map((a) => a.decode)),
    right: right !== undefined && answers.every((a) => a.ids === right && a.back),
    // of each round, so that a slow minute falls on both
    ratio: median(answers.map((a, i) => Number(seen.muladd?.[i]?.warm) / a.warm)),
  }));
}

/** @param {readonly Standing[]} standings */
const textTable = (standings) =>
  table([
    ["MB/s", "load ms", "cold", "warm", "count", "decode", "ids", "warm, muladd ahead by"],
    ...standings.map((s) => [
      s.name,
      s.load.toFixed(0),
      s.cold.toFixed(2),
      s.warm.toFixed(2),
      s.count?.toFixed(2) ?? "–",
      s.decode.toFixed(1),
      s.right ? "right" : "WRONG",
      s.ratio.toFixed(1),
    ]),
  ]);

/** @param {import("./rounds.mjs").Seen<import("./bars.mjs").Worst>} worst */
function worstTable(worst) {
  const rows = Object.entries(worst).map(([name, [times]]) => [
    name,
    ...Object.values(times ?? {}).map((t) => {
      const last = t.at(-1);
      return last ? `${last.seconds.toFixed(3)} s × ${last.length / 1000}k` : "–";
    }),
  ]);
  const characters = Object.keys(Object.values(worst)[0]?.[0] ?? {});
  return table([["one character, repeated", ...characters.map((c) => JSON.stringify(c))], ...rows]);
}

/** @param {readonly import("./bars.mjs").Bar[]} bars */
const barTable = (bars) =>
  table([
    ["bar", "measured", "limit", "beside the best correct peer", "verdict"],
    ...bars.map((b) => [b.name, b.measured, b.limit, b.beside, b.verdict]),
  ]);

/** Bytes of brotli that a page loads to use `tiktoken`. @param {string} folder */
async function coreSize(folder) {
  const entry = join(folder, "core.mjs");
  writeFileSync(entry, `export { tiktoken } from ${JSON.stringify(dist.pathname)};`);
  const built = await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    // Not Vite's library mode, which leaves the spaces in.
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: "strict",
        output: { minify: true },
      },
    },
  });
  const { output } = /** @type {import("vite").Rollup.RollupOutput} */ (
    Array.isArray(built) ? built[0] : built
  );
  const code = output.map((o) => (o.type === "chunk" ? o.code : "")).join("");
  return brotliCompressSync(code).length;
}
