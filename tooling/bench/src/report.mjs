import { machine } from "./machine.mjs";

/** @typedef {import("./options.mjs").Options} Options */

/**
 * Runs the parts of a comparison and prints each when it is done, or all as JSON.
 * @param {Options} options
 * @param {{ title: string, about: Record<string, unknown> }} beside with whom, and what is known of them
 * @param {Readonly<Record<string, () => Promise<{ data?: unknown, text: string }>>>} measures
 */
export async function report({ parts, rounds, json, ...options }, { title, about }, measures) {
  const here = await machine({ parts, rounds, json, ...options });
  /** @param {string} text */
  const show = (text) => json || console.log(text);
  show(`${here.title} beside ${title}`);
  show(`medians of ${rounds} rounds, each in fresh processes in turn; above 1 muladd is ahead`);
  /** @type {Record<string, unknown>} */
  const found = { ...here, ...about };
  for (const part of parts) {
    const measure = measures[part];
    if (!measure) throw new RangeError(`there is no part ${part}`);
    const { data, text } = await measure();
    found[part] = data ?? text;
    show(`\n${text}`);
  }
  if (json) console.log(JSON.stringify(found));
}
