import { findChromium, missingChromium } from "../../scripts/chromium.mjs";
import { products, step } from "./contestants.mjs";
import { measure, serve } from "./page.mjs";
import { compareProducts } from "./products.mjs";
import { report } from "./report.mjs";
import { interleave, standings } from "./rounds.mjs";
import { milliseconds, standingsTable, threadCount } from "./table.mjs";

/** @typedef {import("./options.mjs").Options} Options */

/**
 * muladd in Chromium beside muladd in this Node, both without wide: in a page that is isolated, with all threads, and in one
 * that is not, which has one.
 * @param {Options} given
 */
export async function compare(given) {
  const executable = findChromium();
  if (!executable) return console.log(missingChromium);
  const options = { ...given, wide: false };
  const isolated = await serve(true);
  const plain = await serve(false);
  /** A page, and what it may use. */
  const pages = [
    { name: "Chromium, isolated", url: isolated.url, isolated: true, threads: options.threads },
    { name: "Chromium, not isolated", url: plain.url, isolated: false, threads: 1 },
  ];
  /** @param {typeof pages[number]} page @param {"matmul" | "step"} part */
  const inPage = async ({ url, isolated, threads }, part) => {
    const { seconds } = options;
    const answer = await measure(executable, url, { part, seconds, threads: options.threads });
    if (answer.isolated !== isolated || answer.threads !== threads)
      throw new Error(
        `the page has ${threadCount(answer.threads)}, not ${threads}: ${answer.reason}`,
      );
    return answer;
  };
  try {
    await report(
      options,
      { title: "itself in Chromium", about: {} },
      {
        step: async () => {
          const data = [];
          for (const page of pages) {
            const ours = step({ ...options, threads: page.threads }, "nanogpt-cpu");
            const theirs = async () => {
              const { step } = await inPage(page, "step");
              return { ms: step?.timing.median ?? Number.NaN };
            };
            const seen = await interleave({ Node: ours, Chromium: theirs }, options.rounds);
            const name = `${page.name}, ${threadCount(page.threads)}`;
            data.push({ name, standings: standings(seen, (s) => s.ms, "less") });
          }
          return { data, text: standingsTable("nanogpt-cpu step", data, milliseconds) };
        },
        matmul: async () => {
          const found = [];
          for (const page of pages) {
            const given = { ...options, threads: page.threads };
            const theirs = async () => [...((await inPage(page, "matmul")).matmul ?? [])];
            found.push(
              await compareProducts({ Node: products(given), [page.name]: theirs }, given),
            );
          }
          return { data: found.map((f) => f.data), text: found.map((f) => f.text).join("\n\n") };
        },
      },
    );
  } finally {
    await isolated.close();
    await plain.close();
  }
}
