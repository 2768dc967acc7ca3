// Numbers as the terminal shows them.

/** 1234567 → "1,234,567". */
export const integer = (n: number): string =>
  String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");

/** Three digits and an SI prefix: 1.53e9 with "FLOP" → "1.53 GFLOP". */
export function quantity(n: number, unit: string): string {
  let value = n;
  let step = 0;
  while (Number(value.toPrecision(3)) >= 1000 && step < 6) {
    value /= 1000;
    step++;
  }
  return `${Number(value.toPrecision(3))} ${["", "k", "M", "G", "T", "P", "E"][step]}${unit}`;
}

/** At most two units: 165 → "2m45s", 0.42 → "0.4s", 9000 → "2h30m". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${+seconds.toFixed(1)}s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  const m = Math.round(s / 60);
  if (m < 1440) return `${Math.floor(m / 60)}h${two(m % 60)}m`;
  const h = Math.round(s / 3600);
  return h < 8760 ? `${Math.floor(h / 24)}d${two(h % 24)}h` : `${integer(h / 8760)} years`;
}

/** A clock: 34 → "0:34", 3700 → "1:01:40". */
export function clock(seconds: number): string {
  const s = Math.round(seconds);
  const minutes = Math.floor(s / 60);
  return minutes < 60
    ? `${minutes}:${two(s % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}

const two = (n: number) => String(n).padStart(2, "0");

/** A learning rate: 0.00084 → "8.4e-4". */
export const rate = (x: number): string => x.toExponential(1).replace("e+", "e");

/** Two or three digits that count, for speeds: 12.14 → "12.1", 1234.5 → "1,235". */
export const speed = (x: number): string => (x >= 100 ? integer(x) : String(+x.toPrecision(3)));

/** A loss of 2.4 nats as what it means: as unsure as between 11 equal choices. */
export function guess(nats: number): string {
  const ways = Math.exp(nats);
  if (!(ways < 1e6)) return "";
  const text = ways < 9.95 ? ways.toFixed(1) : integer(ways);
  return `${/^8|^1[18](?!\d)/.test(text) ? "an" : "a"} ${text}-way guess`;
}
