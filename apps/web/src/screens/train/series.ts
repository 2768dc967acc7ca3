import type { History, Sample, StepPoint } from "../../client/app.svelte.ts";
import { decimate, type Line } from "../../viz/decimate.ts";

export type Quantity = "loss" | "rate" | "gradNorm" | "tokPerSec";

/** A line of a chart, as it is drawn. */
export interface Series {
  readonly label: string;
  readonly line: Line;
  readonly role: "main" | "raw" | "heldOut" | "past" | "level";
}

/** The lines of a quantity: past runs, the newest run, and for the loss what belongs to it. */
export function seriesOf(
  histories: readonly History[],
  quantity: Quantity,
  buckets: number,
): readonly Series[] {
  const line = (points: readonly StepPoint[], name: keyof StepPoint): Line =>
    decimate({ xs: points.map((p) => p.step), ys: points.map((p) => p[name]) }, buckets);
  const past = histories.slice(0, -1).map((h, i): Series => {
    return { label: `run ${i + 1}, ${h.title}`, line: line(h.points, quantity), role: "past" };
  });
  const now = histories.at(-1);
  if (!now) return past;
  const main: Series = { label: titles[quantity], line: line(now.points, quantity), role: "main" };
  if (quantity !== "loss") return [...past, main];
  const heldOut = {
    xs: now.heldOut.map((h) => h.step),
    ys: now.heldOut.map((h) => h.loss),
  };
  const raw: Series = { label: "loss of one step", line: line(now.points, "rawLoss"), role: "raw" };
  const level = now.lossBefore ?? Number.NaN;
  const last = now.points.at(-1)?.step ?? 1;
  return [
    ...past,
    raw,
    main,
    { label: "held-out loss", line: decimate(heldOut, buckets), role: "heldOut" },
    ...(Number.isFinite(level) && now.points.length > 0
      ? [
          {
            label: "ln V, knowing nothing",
            line: { xs: [now.points[0]?.step ?? 0, last], ys: [level, level] },
            role: "level" as const,
          },
        ]
      : []),
  ];
}

export const titles: Readonly<Record<Quantity, string>> = {
  loss: "loss",
  rate: "learning rate",
  gradNorm: "gradient norm",
  tokPerSec: "tokens a second",
};

/** One sentence about the newest run's line. */
export function sentenceOf(histories: readonly History[], quantity: Quantity): string {
  const points = histories.at(-1)?.points ?? [];
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return `No ${titles[quantity]} yet.`;
  const [from, to] = [first[quantity], last[quantity]].map((x) => formatValue(x));
  const past = histories.length > 1 ? ` Behind it: earlier runs, ${histories.length - 1}.` : "";
  const verb = last[quantity] < first[quantity] ? "fell" : "went";
  const name = titles[quantity];
  return `${name[0]!.toUpperCase()}${name.slice(1)} ${verb} from ${from} to ${to} by step ${last.step}.${past}`;
}

/** The newest of samples, oldest first, that was written by a step. */
export const sampleAt = (samples: readonly Sample[], step: number): Sample | undefined =>
  samples.findLast((sample) => sample.step <= step);

const WORDS = 8;
const LONGEST = 60;

/** A sample's first words, on one line. */
export function firstWords({ text }: Sample): string {
  const all = text.trim().replace(/\s+/g, " ");
  const first = [...all.split(" ", WORDS).join(" ")].slice(0, LONGEST).join("");
  return first === all ? all : `${first} …`;
}

/** Four digits that count. */
export const formatValue = (x: number): string =>
  Math.abs(x) >= 1000 ? Math.round(x).toLocaleString("en-US") : `${+x.toPrecision(4)}`;

const compact = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumSignificantDigits: 4,
});

/** As {@link formatValue}, short: "150K". */
export const axisValue = (x: number): string =>
  Math.abs(x) >= 10_000 ? compact.format(x) : formatValue(x);
