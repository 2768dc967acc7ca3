import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, here } from "./children.mjs";
import { cpu } from "./machine.mjs";
import { interleave, median } from "./rounds.mjs";
import { table } from "./table.mjs";

/**
 * A model with GPT-2 124M's shapes from safetensors into the WASM backend, beside Node reading the file into memory: each in a
 * process of its own, the file in the system's cache.
 * @param {import("./options.mjs").Options} options
 */
export async function compare({ rounds, json }) {
  const folder = mkdtempSync(join(tmpdir(), "muladd-load-"));
  /** @param {string} part */
  const child = (part) => ask(process.execPath, [join(here, "load/measure.mjs"), part, folder]);
  try {
    await child("make");
    const seen = await interleave({ read: () => child("read"), load: () => child("load") }, rounds);
    const [read, load] = [seen.read ?? [], seen.load ?? []];
    /** @param {readonly { milliseconds: number }[]} runs */
    const time = (runs) => median(runs.map(({ milliseconds }) => milliseconds));
    const data = {
      bytes: load[0]?.bytes,
      read: time(read),
      load: time(load),
      ratio: median(load.map(({ milliseconds }, i) => milliseconds / read[i].milliseconds)),
      peak: median(load.map(({ peak, bytes }) => peak / bytes)),
    };
    const rows = [
      ["", "ms"],
      ["read the file", data.read.toFixed(0)],
      ["load the model", data.load.toFixed(0)],
    ];
    const title = `GPT-2 124M, ${(data.bytes / 1e6).toFixed(0)} MB of weights, on ${cpu()}, Node ${process.versions.node}`;
    const end = `${data.ratio.toFixed(2)} times the read; peak memory of the process ${data.peak.toFixed(2)} times the weights`;
    console.log(json ? JSON.stringify(data) : [title, table(rows), end].join("\n\n"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
