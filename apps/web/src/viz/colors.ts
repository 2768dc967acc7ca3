/** Colours of numbers. Magnitudes run from paper to ink-blue; signs are blue and orange, which most eyes tell apart. */

export interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly line: string;
  readonly accent: string;
  readonly positive: string;
  readonly negative: string;
}

/** The colours of the page as they are now, for canvases. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const value = (name: string) => resolve(element, style.getPropertyValue(name));
  return {
    paper: value("--paper"),
    ink: value("--ink"),
    line: value("--line"),
    accent: value("--accent"),
    positive: value("--positive"),
    negative: value("--negative"),
  };
}

/** light-dark() and the like as a plain rgb(): canvases do not resolve them everywhere. */
function resolve(element: Element, color: string): string {
  const probe = document.createElement("span");
  probe.style.color = color;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export type RGB = readonly [red: number, green: number, blue: number];

export const parseColor = (color: string): RGB => {
  const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
};

const mix = (a: RGB, b: RGB, t: number): RGB => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

/** A number in 0 … 1 as a shade from paper to the accent. */
export const magnitude = ({ paper, accent }: Palette): ((x: number) => RGB) => {
  const [from, to] = [parseColor(paper), parseColor(accent)];
  return (x) => mix(from, to, Math.min(Math.max(x, 0), 1));
};

/** A number in −1 … 1: orange below zero, blue above, paper at zero. */
export const signed = ({ paper, positive, negative }: Palette): ((x: number) => RGB) => {
  const [zero, above, below] = [paper, positive, negative].map(parseColor) as [RGB, RGB, RGB];
  return (x) => mix(zero, x < 0 ? below : above, Math.min(Math.abs(x), 1));
};
