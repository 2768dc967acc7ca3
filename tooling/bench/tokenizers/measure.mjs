// A process of its own: `<part> <what it measures as JSON>`. Prints a line of JSON.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { contestants, dist, longest } from "./contestants.mjs";

/** Seconds that the next size of the worst case may be expected to take. */
const PATIENCE = 20;
/** Seconds within which a text is encoded again. */
const MOMENT = 0.2;
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
export const CHARACTERS = ["a", " ", "^", "🙂"];

/** @param {() => unknown} body @returns {number} seconds */
function timed(body) {
  const start = performance.now();
  body();
  return (performance.now() - start) / 1000;
}

/**
 * Seconds of the fastest run of a body, of five at least where they are short: the first are not compiled yet, and what
 * else the machine did slowed others. @param {() => unknown} body @param {number} seconds
 */
function fastest(body, seconds) {
  let best = Infinity;
  let runs = 0;
  const started = performance.now();
  do {
    best = Math.min(best, timed(body));
    runs++;
  } while (performance.now() - started < seconds * 1000 || (runs < 5 && best < 1));
  return best;
}

/** @param {{ name: string, encoding: string, json: string }} of */
async function open({ name, encoding, json }) {
  const start = performance.now();
  const tokenizer = await contestants[name]?.(encoding, json);
  if (!tokenizer) throw new RangeError(`there is no contestant ${name}`);
  tokenizer.encode("hello"); // what is made lazily belongs to it
  return { tokenizer, load: performance.now() - start };
}

/** @type {Readonly<Record<string, (of: any) => Promise<object>>>} */
const parts = {
  async text({ path, seconds, ...of }) {
    const text = readFileSync(path, "utf8");
    const megabytes = Buffer.byteLength(text) / 1e6;
    const { tokenizer, load } = await open(of);
    const { encode, decode, count } = tokenizer;
    const cold = megabytes / timed(() => encode(text));
    const ids = encode(text);
    const hash = createHash("sha256").update(Buffer.from(Uint32Array.from(ids).buffer));
    return {
      load,
      cold,
      warm: megabytes / fastest(() => encode(text), seconds),
      ...(count && { count: megabytes / fastest(() => count(text), seconds) }),
      decode: megabytes / fastest(() => decode(ids), seconds),
      back: decode(ids) === text,
      ids: hash.digest("hex"),
    };
  },
  async worst(of) {
    const { tokenizer } = await open(of);
    tokenizer.encode(of.warmUp);
    return Object.fromEntries(
      CHARACTERS.map((character) => {
        /** @type {{ length: number, seconds: number }[]} */
        const times = [];
        for (const length of SIZES) {
          if (length > (longest[of.name] ?? 10_000)) break;
          // A size may take a hundred times the tenth of it.
          if (of.name !== "muladd" && 100 * (times.at(-1)?.seconds ?? 0) > PATIENCE) break;
          let more = 0; // a text of its own each time, which no cache has seen
          const seconds = fastest(
            () => tokenizer.encode(character.repeat(length + more++)),
            MOMENT,
          );
          times.push({ length, seconds });
        }
        return [character, times];
      }),
    );
  },
  async train({ path, vocabulary }) {
    const { trainBPE } = await import(dist.href);
    const text = readFileSync(path, "utf8");
    /** @type {{ size: number } | undefined} */
    let tokenizer;
    const seconds = timed(() => {
      tokenizer = trainBPE(text, { vocabulary });
    });
    return { seconds, size: tokenizer?.size, megabytes: Buffer.byteLength(text) / 1e6 };
  },
};

const [part = "", of = ""] = process.argv.slice(2);
if (part) console.log(JSON.stringify(await parts[part]?.(JSON.parse(of))));
