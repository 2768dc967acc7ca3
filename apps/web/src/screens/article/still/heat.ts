import type { Matrix } from "../../../engine/article.ts";

const LEVELS = 8;

/** Cells of one sign and strength: a path, 1 by 1 a cell. */
export interface Shade {
  readonly positive: boolean;
  readonly opacity: number;
  readonly path: string;
}

/** A matrix as a few paths, full colour at `full`: an element a cell would make the page heavy. Cells near 0 are left out. */
export function shadesOf({ columns, values }: Matrix, full: number): readonly Shade[] {
  const paths = new Map<number, string>();
  values.forEach((value, i) => {
    const level = Math.round(Math.max(-1, Math.min(1, value / full)) * LEVELS);
    const cell = `M${i % columns} ${Math.floor(i / columns)}h1v1h-1z`;
    if (level !== 0) paths.set(level, (paths.get(level) ?? "") + cell);
  });
  return Array.from(paths, ([level, path]) => ({
    positive: level > 0,
    opacity: Math.abs(level) / LEVELS,
    path,
  }));
}
