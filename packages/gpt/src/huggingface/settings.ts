import { ConfigError } from "../check-config.ts";
import { type Dropouts, dropoutsOf, type GPTConfig } from "../config.ts";

/** A parsed config.json. */
export type JSONObject = Readonly<Record<string, unknown>>;

/** The settings that were read before: others may follow from them. */
export type Known = Partial<GPTConfig>;

/** One setting of a GPTConfig, in a family's config.json. */
export interface Setting<T> {
  /** Its fields there, the one that errors name first. */
  readonly names: readonly string[];
  /** Throws ConfigError that names the field. */
  read(json: JSONObject, known: Known): T;
  write(value: T, config: GPTConfig): JSONObject;
}

/** What a family's config.json says, in the order in which it is read. */
export type Settings = { readonly [Name in keyof GPTConfig]?: Setting<GPTConfig[Name]> };

/** What an absent field means. */
type Absent<T> = T | ((known: Known) => T);

/** How errors show a value. */
export function show(value: unknown): string {
  if (value === undefined) return "missing";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A value that must be of a kind. */
export function check<T>(
  name: string,
  value: unknown,
  fits: (value: unknown) => value is T,
  expected: string,
): T {
  if (fits(value)) return value;
  throw new ConfigError(name, `is ${show(value)}`, `expected ${expected}`);
}

/** A field under one name or several, which must agree then; null is as good as absent unless `empty` says otherwise. */
function field<T>(
  names: string | readonly string[],
  absent: Absent<T>,
  fits: (value: unknown) => value is T,
  expected: string,
  empty: Absent<T> = absent,
): Setting<T> {
  const all = typeof names === "string" ? [names] : names;
  const missing = (known: Known, what: Absent<T>) =>
    typeof what === "function" ? (what as (known: Known) => T)(known) : what; // no T is a function
  return {
    names: all,
    read(json, known) {
      const given = all.filter((name) => json[name] !== undefined && json[name] !== null);
      const [first] = given;
      if (first === undefined)
        return missing(known, all.some((name) => json[name] === null) ? empty : absent);
      const value = check(first, json[first], fits, expected);
      for (const name of given)
        if (json[name] !== value)
          throw new ConfigError(
            name,
            `is ${show(json[name])}, but ${first} is ${show(value)}`,
            "both are the same setting: correct one",
          );
      return value;
    },
    write: (value) => Object.fromEntries(all.map((name) => [name, value])),
  };
}

/** More than any model has, and little enough to compute with. */
const MOST = 2 ** 31 - 1;

export const isCount =
  (most = MOST) =>
  (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most;

/** A whole number, 1 at least. `empty`: what null means. */
export const count = (
  names: string | readonly string[],
  absent: Absent<number>,
  { most = MOST, empty = absent }: { readonly most?: number; readonly empty?: Absent<number> } = {},
): Setting<number> =>
  field(names, absent, isCount(most), `a whole number, 1 to ${most.toLocaleString("en")}`, empty);

/** Layers: few enough that what is listed layer by layer fits anywhere. */
export const layers = (name: string, absent: number): Setting<number> =>
  count(name, absent, { most: 10_000 });

const isPositive = (value: unknown): value is number =>
  typeof value === "number" && value > 0 && value < Infinity;

/** A number above 0. */
export const positive = (name: string, absent: number): Setting<number> =>
  field(name, absent, isPositive, "a number above 0");

/** A number above 0 that must be there. */
export const required = (name: string, value: unknown): number =>
  check(name, value, isPositive, "a number above 0");

const isFlag = (value: unknown): value is boolean => typeof value === "boolean";

/** True or false. */
export const flag = (name: string, absent: boolean): Setting<boolean> =>
  field(name, absent, isFlag, "true or false");

/** Names for what we call otherwise; the first of several is written. */
export function choice<T extends string>(
  name: string,
  choices: Readonly<Record<string, T>>,
  absent: T,
): Setting<T> {
  return {
    names: [name],
    read(json) {
      const value = json[name] ?? undefined;
      if (value === undefined) return absent;
      if (typeof value === "string" && Object.hasOwn(choices, value)) return choices[value] as T; // hasOwn says that it is there
      throw new ConfigError(
        name,
        `is ${show(value)}, which is not supported`,
        `${Object.keys(choices).join(", ")} are`,
      );
    },
    write: (value) => ({ [name]: Object.keys(choices).find((key) => choices[key] === value) }),
  };
}

const isShare = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value < 1;

/** Probabilities of dropping out, place by place; 0 where a family has no field. */
export function dropouts(
  fields: Partial<Readonly<Record<keyof Dropouts, string>>>,
  absent: number,
): Setting<number | Dropouts> {
  const places = ["embedding", "attention", "residual"] as const;
  const read = (json: JSONObject, known: Known, name: string | undefined) =>
    name === undefined
      ? 0
      : field(name, absent, isShare, "a number, 0 at least and below 1").read(json, known);
  return {
    names: places.flatMap((place) => fields[place] ?? []),
    read(json, known) {
      const [embedding, attention, residual] = places.map((place) =>
        read(json, known, fields[place]),
      ) as [number, number, number]; // as many as places
      return embedding === attention && attention === residual
        ? embedding
        : { embedding, attention, residual };
    },
    write(_, config) {
      const dropout = dropoutsOf(config);
      return Object.fromEntries(
        places.flatMap((place) => {
          const name = fields[place];
          return name === undefined ? [] : [[name, dropout[place]]];
        }),
      );
    },
  };
}
