import { interleave, median, standings } from "./rounds.mjs";
import { rate, standingsTable, threadCount } from "./table.mjs";

/** @typedef {import("./contestants.mjs").Product} Product */

/**
 * Matrix products of contestants who measure the same shapes in the same order: each shape, and the median of them all.
 * @param {Readonly<Record<string, () => Promise<Product[]>>>} contestants
 * @param {{ rounds: number, threads: number }} options
 */
export async function compareProducts(contestants, { rounds, threads }) {
  const seen = await interleave(contestants, rounds);
  const [shapes = []] = Object.values(seen)[0] ?? [];
  const rows = shapes.map(({ m, n, k, mode }, i) => ({
    name: `${m} × ${n} × ${k} ${mode}`,
    standings: standings(seen, (products) => products[i]?.gflops ?? Number.NaN, "more"),
  }));
  const all = {
    name: "median",
    standings: Object.keys(seen).map((name, c) => ({
      name,
      median: median(rows.map((row) => row.standings[c]?.median ?? Number.NaN)),
      ratio: median(rows.map((row) => row.standings[c]?.ratio ?? Number.NaN)),
    })),
  };
  const data = { threads, shapes: rows, median: all.standings };
  const title = `products, GFLOP/s, ${threadCount(threads)}`;
  return { data, text: standingsTable(title, [...rows, all], rate) };
}
