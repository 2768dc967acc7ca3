// What a first visit loads, from the build's manifest, gzipped: fails above the budget. Run after `vite build`.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET = { script: 140_000, styles: 12_000 };
const dist = fileURLToPath(new URL("../dist/", import.meta.url));

/** @typedef {{ file: string, css?: string[], imports?: string[], isEntry?: boolean, src?: string }} Chunk */
/** @type {Record<string, Chunk>} */
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, "utf8"));

/** @param {string} file */
const gzipped = (file) => gzipSync(readFileSync(dist + file)).length;

/**
 * A chunk and all that it imports at once.
 * @param {Chunk} chunk @param {Set<Chunk>} [found] @returns {Set<Chunk>}
 */
function reached(chunk, found = new Set()) {
  if (found.has(chunk)) return found;
  found.add(chunk);
  for (const name of chunk.imports ?? []) reached(/** @type {Chunk} */ (manifest[name]), found);
  return found;
}

const entry = Object.values(manifest).find((chunk) => chunk.isEntry);
const first = Object.values(manifest).find((chunk) => chunk.src?.endsWith("Article.svelte"));
if (!entry || !first) throw new Error("the manifest has no entry or no first screen");
const page = new Set([...reached(entry), ...reached(first)]);
const screen = [...page].map(({ file }) => file).filter((file) => file.endsWith(".js"));
const styles = [...new Set([...page].flatMap(({ css = [] }) => css))];

// The worker's build has no manifest, but names for its chunks: what it opens is looked up by them.
const folder = "assets/engine/";
const chunks = readdirSync(dist + folder);
/** @param {string} name @returns {string} */
function chunk(name) {
  const found = chunks.find((file) => file.startsWith(`${name}-`));
  if (!found) throw new Error(`the engine has no chunk called ${name}`);
  return folder + found;
}
/** @param {string} file @param {Set<string>} found @returns {Set<string>} */
function imported(file, found) {
  if (found.has(file)) return found;
  found.add(file);
  const code = readFileSync(dist + file, "utf8");
  for (const [, name] of code.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g))
    imported(folder + name, found);
  return found;
}
/** @param {string[]} names */
const opened = (names) => [
  ...names.reduce(
    (found, name) => imported(chunk(name), found),
    /** @type {Set<string>} */ (new Set()),
  ),
];
const rung = ["worker", "backend-wasm", "relaxedShared", "backend-reference"];
const engine = opened(rung);
const training = opened([...rung, "corpus", "tokenizer", "opfs"]);

let failed = false;
/** @param {string} title @param {string[]} files @param {number} [most] */
function tell(title, files, most) {
  const bytes = files.reduce((sum, file) => sum + gzipped(file), 0);
  const over = most !== undefined && bytes > most;
  failed ||= over;
  const limit =
    most === undefined ? "" : ` of ${(most / 1000).toFixed(0)} kB${over ? ": TOO MUCH" : ""}`;
  console.log(`${title.padEnd(30)} ${(bytes / 1000).toFixed(1).padStart(6)} kB gzip${limit}`);
}
tell("first screen, script", screen);
tell("first screen with the engine", [...screen, ...engine], BUDGET.script);
tell("up to the first training step", [...screen, ...training]);
tell("first screen, styles", styles, BUDGET.styles);
process.exitCode = failed ? 1 : 0;
