/** A square window on points of a plane. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly half: number;
}

/** The smallest square window on all the places, (n, 2) each, with a margin. */
export function windowOf(sets: readonly ArrayLike<number>[]): Window {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const places of sets)
    for (let i = 0; i + 1 < places.length; i += 2) {
      left = Math.min(left, places[i]!);
      right = Math.max(right, places[i]!);
      low = Math.min(low, places[i + 1]!);
      high = Math.max(high, places[i + 1]!);
    }
  if (!(left <= right)) return { x: 0, y: 0, half: 1 };
  const half = 0.55 * Math.max(right - left, high - low);
  return { x: (left + right) / 2, y: (low + high) / 2, half: half > 0 ? half : 1 };
}

/** A place in percent of the window's width and height, y upwards. */
export const percent = (
  { x, y, half }: Window,
  px: number,
  py: number,
): readonly [number, number] => [50 + (50 * (px - x)) / half, 50 - (50 * (py - y)) / half];
