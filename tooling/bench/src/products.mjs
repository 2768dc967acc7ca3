import { interleave, median, standings } from "./rounds.mjs";
import { rate, standingsTable, threadCount } from "./table.mjs";

/** @typedef {import("./contestants.mjs").Product} Product */

/**
 * Matrix products of contestants who measure the same shapes in the same order: each shape, and the median of each mode
 * and of them all. What a contestant left out is NaN, and no part of its medians.
 * @param {Readonly<Record<string, () => Promise<Product[]>>>} contestants
 * @param {{ rounds: number, threads: number }} options
 * @param {(name: string, error: unknown) => void} [lost] see `interleave`
 */
export async function compareProducts(contestants, { rounds, threads }, lost) {
  const seen = await interleave(contestants, rounds, lost);
  const [shapes = []] = Object.values(seen)[0] ?? [];
  const rows = shapes.map(({ m, n, k, mode }, i) => ({
    name: `${m} × ${n} × ${k} ${mode}`,
    standings: standings(seen, (products) => products[i]?.gflops ?? Number.NaN, "more"),
  }));
  /** @param {string} name @param {typeof rows} of */
  const medianOf = (name, of) => ({
    name,
    standings: Object.keys(seen).map((contestant, c) => {
      const own = of.flatMap((row) => row.standings[c] ?? []).filter((s) => s.median > 0);
      return {
        name: contestant,
        median: median(own.map((s) => s.median)),
        ratio: median(own.map((s) => s.ratio)),
      };
    }),
  });
  const medians = [
    ...["NN", "NT", "TN"].map((mode) =>
      medianOf(
        `median ${mode}`,
        rows.filter((row) => row.name.endsWith(mode)),
      ),
    ),
    medianOf("median", rows),
  ];
  const data = { threads, shapes: rows, medians };
  const title = `products, GFLOP/s, ${threadCount(threads)}`;
  return { data, text: standingsTable(title, [...rows, ...medians], rate) };
}
