import { isTaskName, SIZES } from "@muladd/corpus";
import { presets } from "@muladd/gpt";
import { DEFAULTS } from "../../client/defaults.ts";
import type { DataChoice, RunSettings } from "../../engine/protocol.ts";
import { change, configured, type Field, fields, given, type Value } from "./fields.ts";

/** Settings and seed as the query of a link; never text. */
export function queryOf(settings: RunSettings): string {
  const query = new URLSearchParams({ preset: settings.preset, tokenizer: settings.tokenizer });
  const { data } = settings;
  query.set("data", data.kind === "task" ? data.task : data.kind === "stories" ? "stories" : "own");
  for (const field of fields) {
    const value = given(settings, field);
    if (value !== undefined) query.set(field.flag, String(value));
  }
  return query.toString();
}

export interface ReadLink {
  readonly settings: RunSettings;
  /** What was wrong with it, each in a sentence; the default stands in. */
  readonly problems: readonly string[];
}

/** Settings from a link's query. Whatever cannot be is told, and left to its default. */
export function readQuery(query: string): ReadLink {
  const problems: string[] = [];
  const given = new URLSearchParams(query);
  const known = new Set(["preset", "tokenizer", "data", ...fields.map(({ flag }) => flag)]);
  for (const key of given.keys())
    if (!known.has(key)) problems.push(`The link sets ${short(key)}, which there is not.`);
  const take = (key: string, fits: (value: string) => boolean, otherwise: string): string => {
    const value = given.get(key);
    if (value === null || fits(value)) return value ?? otherwise;
    problems.push(
      `The link asks for ${key} ${short(value)}, which cannot be: ${otherwise} instead.`,
    );
    return otherwise;
  };
  const preset = take("preset", (name) => Object.hasOwn(presets, name), DEFAULTS.preset);
  const tokenizer = take("tokenizer", isTokenizer, DEFAULTS.tokenizer);
  const choice = take("data", (d) => d === "stories" || d === "own" || isTaskName(d), "stories");
  if (choice === "own")
    problems.push(
      "The link was made with a text of its own, which links never hold: stories instead.",
    );
  const data: DataChoice = isTaskName(choice)
    ? { kind: "task", task: choice, characters: SIZES.task.characters }
    : { kind: "stories", characters: SIZES.stories.characters };
  const plain: RunSettings = { ...DEFAULTS, preset, tokenizer, data };
  let settings = plain;
  for (const field of fields) {
    const text = given.get(field.flag);
    if (text === null) continue;
    const value = parse(field, text);
    if (value === undefined)
      problems.push(
        `The link asks for ${field.flag} ${short(text)}, which cannot be: ${bounds(field)}.`,
      );
    else settings = change(settings, field, value);
  }
  try {
    configured(settings);
  } catch (error) {
    problems.push(
      `The link's settings do not go together: ${(error as Error).message}. The preset's are taken.`,
    );
    settings = plain;
  }
  return { settings, problems };
}

/** A field's value from text; `undefined` for what cannot be. */
export function parse(field: Field, text: string): Value | undefined {
  if (field.choices) return field.choices.includes(text) ? text : undefined;
  if (field.min === undefined) return text === "true" ? true : text === "false" ? false : undefined;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits =
    value >= field.min && value <= field.max! && (!field.whole || Number.isSafeInteger(value));
  return fits ? value : undefined;
}

/** What a field may be, in words. */
export const bounds = ({ choices, min, max, whole }: Field): string =>
  choices
    ? `it is one of ${choices.join(", ")}`
    : min === undefined
      ? "it is true or false"
      : `it is a ${whole ? "whole " : ""}number from ${min} to ${max}`;

export function isTokenizer(spec: string): boolean {
  const size = Number(/^bpe:(\d+)$/.exec(spec)?.[1]);
  return spec === "char" || spec === "bytes" || (size >= 256 && size <= 100_000);
}

const short = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
