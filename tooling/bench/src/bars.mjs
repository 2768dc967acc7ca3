// What the tokenizer must reach, here or beside its peers: where a machine is too slow for a figure, the ratio to the
// fastest peer with right ids in the same run decides.

/**
 * @typedef {Readonly<Record<string, readonly { length: number, seconds: number }[]>>} Worst
 * @typedef {{ name: string, measured: string, limit: string, beside: string, verdict: "pass" | "pass by ratio" | "fail" }} Bar
 * @typedef {{ name: string, load: number, warm: number, decode: number, right: boolean, ratio: number }} Speed
 */

const LOAD = /** @type {Readonly<Record<string, number>>} */ ({
  r50k_base: 40,
  cl100k_base: 100,
  o200k_base: 220,
});
const LONGEST = 1_000_000;
const CORE = 10_000;

/**
 * @param {object} found
 * @param {string} found.encoding
 * @param {readonly Speed[]} found.standings muladd first
 * @param {Readonly<Record<string, readonly Worst[]>>} found.worst
 * @param {number} found.core bytes
 * @param {{ small: { seconds: number }, large?: { seconds: number } | undefined }} found.train
 * @returns {Bar[]}
 */
export function judge({ encoding, standings, worst, core, train }) {
  const us = standings.find((s) => s.name === "muladd");
  if (!us) throw new Error("muladd was not measured");
  const peers = standings.filter((s) => s.right && s !== us);
  const bars = [];
  const encode = Math.min(...peers.map((p) => p.ratio));
  bars.push(
    bar("ids equal to tiktoken's", us.right ? "equal" : "not equal", "equal", us.right),
    bar("encode, warm", `${us.warm.toFixed(1)} MB/s`, "≥ 20 MB/s", us.warm >= 20, encode, 2),
    bar("encode, beside the fastest", `${encode.toFixed(1)}×`, "≥ 2×", encode >= 2),
  );
  const decode = us.decode / Math.max(...peers.map((p) => p.decode));
  bars.push(bar("decode", `${us.decode.toFixed(0)} MB/s`, "≥ 80 MB/s", us.decode >= 80, decode, 2));
  const load = LOAD[encoding] ?? Infinity;
  const faster = Math.min(...peers.map((p) => p.load)) / us.load;
  bars.push(bar("load", `${us.load.toFixed(0)} ms`, `≤ ${load} ms`, us.load <= load, faster, 1));
  for (const [character, times] of Object.entries(worst.muladd?.[0] ?? {})) {
    const name = `1M × ${JSON.stringify(character)}`;
    const [tenth, last] = times.slice(-2);
    const seconds = last?.length === LONGEST ? last.seconds : Infinity;
    const ratio = ahead(worst, character);
    bars.push(bar(name, `${seconds.toFixed(3)} s`, "≤ 0.6 s", seconds <= 0.6, ratio, 2));
    const growth = seconds / (tenth?.seconds ?? 0);
    bars.push(bar(`${name}, over 100k`, `${growth.toFixed(1)}×`, "≤ 13×", growth <= 13));
  }
  bars.push(bar("core code", `${(core / 1000).toFixed(1)} kB`, "≤ 10 kB brotli", core <= CORE));
  for (const [what, limit, taken] of /** @type {const} */ ([
    ["1.1 MB → 4,096", 0.25, train.small],
    ["50 MB → 32,768", 3, train.large],
  ]))
    if (taken) {
      const measured = `${taken.seconds.toFixed(2)} s`;
      bars.push(bar(`train ${what}`, measured, `≤ ${limit} s`, taken.seconds <= limit));
    }
  return bars;
}

/**
 * How many times faster muladd is at the longest text that a peer ran as well: the least of them.
 * @param {Readonly<Record<string, readonly Worst[]>>} worst @param {string} character
 */
function ahead(worst, character) {
  const ours = worst.muladd?.[0]?.[character] ?? [];
  const ratios = Object.entries(worst).flatMap(([name, [times]]) => {
    const last = times?.[character]?.at(-1);
    const same = ours.find((t) => t.length === last?.length);
    return name === "muladd" || !last || !same ? [] : [last.seconds / same.seconds];
  });
  return Math.min(...ratios);
}

/**
 * @param {string} name @param {string} measured @param {string} limit @param {boolean} reached
 * @param {number} [ratio] to the best peer, above 1 muladd is ahead @param {number} [least] that is enough where the limit is missed
 * @returns {Bar}
 */
function bar(name, measured, limit, reached, ratio, least = Infinity) {
  const beside =
    ratio === undefined || !Number.isFinite(ratio) ? "–" : `${ratio.toFixed(1)}× (≥ ${least}×)`;
  const verdict = reached
    ? "pass"
    : Number(ratio) >= least && beside !== "–"
      ? "pass by ratio"
      : "fail";
  return { name, measured, limit, beside, verdict };
}
