// Numbers as people read them. SI prefixes, decimal; three or four digits that count.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567", rounded to a whole number. */
export const formatInteger = (n: number): string => grouped.format(n);

const digits = (x: number, n: number): string => {
  const rounded = Number(x.toPrecision(n));
  return rounded >= 1000 ? grouped.format(rounded) : `${rounded}`;
};

/** 4 digits, but whole from 1,000 to a million: "2.553", "208,320", "10.77 million", "174.6 billion". */
export function formatCount(n: number): string {
  for (const [unit, name] of [
    [1e12, "trillion"],
    [1e9, "billion"],
    [1e6, "million"],
  ] as const)
    if (Number(n.toPrecision(4)) >= unit) return `${digits(n / unit, 4)} ${name}`;
  return n < 1000 ? digits(n, 4) : formatInteger(n);
}

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"] as const;

/** 3 digits and an SI prefix: 698417037312 with "B" → "698 GB". From 1000 E on as a power of ten: "3.14e23 FLOP". */
export function formatQuantity(n: number, unit: string): string {
  let value = n;
  let step = 0;
  while (Number(value.toPrecision(3)) >= 1000 && step < PREFIXES.length) {
    value /= 1000;
    step++;
  }
  if (step === PREFIXES.length) return `${formatExponent(n)} ${unit}`;
  return `${digits(value, 3)} ${PREFIXES[step]}${unit}`;
}

/** 3.1428767e23 → "3.14e23". */
export const formatExponent = (n: number): string => n.toExponential(2).replace("e+", "e");

/** With a power of ten that 3 divides: 174604259328 → "174.6e9". */
export function formatEngineering(n: number): string {
  let power = 0;
  while (Number((n / 10 ** power).toPrecision(4)) >= 1000) power += 3;
  return `${digits(n / 10 ** power, 4)}${power ? `e${power}` : ""}`;
}

/** Seconds to one unit that fits: "0.5 seconds", "12.5 minutes", "356 years", "9.06 million years". */
export function formatDuration(seconds: number): string {
  const units = [
    ["year", 365 * 86400],
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const [unit, length] = units.find(([, s]) => seconds >= s) ?? (["second", 1] as const);
  const n = seconds / length;
  const text = n >= 1e6 ? `${digits(n / 1e6, 3)} million` : digits(n, 3);
  return `${text} ${unit}${text === "1" ? "" : "s"}`;
}

/** "less than a cent", "$0.42", "$336", "$84,300", "$4.68 million". */
export function formatDollars(n: number): string {
  if (n === 0) return "$0";
  if (n < 0.01) return "less than a cent";
  if (n < 100) return `$${n.toFixed(2)}`;
  for (const [unit, name] of [
    [1e12, "trillion"],
    [1e9, "billion"],
    [1e6, "million"],
  ] as const)
    if (Number(n.toPrecision(3)) >= unit) return `$${digits(n / unit, 3)} ${name}`;
  return `$${digits(n, 3)}`;
}
