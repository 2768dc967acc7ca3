/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2
    ? Number(sorted[half])
    : (Number(sorted[half - 1]) + Number(sorted[half])) / 2;
}

/**
 * What each contestant answered, round by round.
 * @template T
 * @typedef {Readonly<Record<string, readonly T[]>>} Seen
 */

/**
 * Runs every contestant once a round, in turn, so that a slow minute of the machine falls on all alike. With `lost`,
 * which is told why, one that fails in the first round is left out of the others.
 * @template T
 * @param {Readonly<Record<string, () => Promise<T>>>} contestants
 * @param {number} rounds
 * @param {(name: string, error: unknown) => void} [lost]
 * @returns {Promise<Seen<T>>}
 */
export async function interleave(contestants, rounds, lost) {
  /** @type {Map<string, T[]>} */
  const seen = new Map(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, answers] of seen) {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      try {
        const answer = await contestants[name]?.();
        if (answer !== undefined) answers.push(answer);
      } catch (error) {
        if (!lost || round > 0) throw error;
        seen.delete(name);
        lost(name, error);
      }
    }
  progress("");
  return Object.fromEntries(seen);
}

/** Shows what runs, on a terminal. @param {string} what */
function progress(what) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

/**
 * One contestant's median, and the median over the rounds of how many times better the first contestant was.
 * @typedef {{ name: string, median: number, ratio: number }} Standing
 */

/**
 * All contestants, the first of which is compared with the others.
 * @template T
 * @param {Seen<T>} seen
 * @param {(answer: T) => number} value
 * @param {"less" | "more"} better whether less of it is better, as of time, or more, as of speed
 * @returns {Standing[]}
 */
export function standings(seen, value, better) {
  const columns = Object.entries(seen).map(([name, answers]) => ({
    name,
    values: answers.map(value),
  }));
  const first = columns[0]?.values ?? [];
  return columns.map(({ name, values }) => {
    const quotients = values.map((x, round) => {
      const ours = Number(first[round]);
      return better === "less" ? x / ours : ours / x;
    });
    return { name, median: median(values), ratio: median(quotients) };
  });
}
