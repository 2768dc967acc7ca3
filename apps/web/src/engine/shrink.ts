import type { HostTensor } from "@muladd/tensor";

/** A tensor as a heatmap that fits an eye: leading axes on top of each other, each cell the mean of a block of numbers. */
export interface Shrunk {
  readonly rows: number;
  readonly columns: number;
  /** Row after row. */
  readonly values: Float32Array;
  /** Numbers of the tensor that a cell stands for, down and across; those at the edges may hold fewer. */
  readonly block: readonly [down: number, across: number];
  /** The largest absolute value of a finite cell. */
  readonly largest: number;
}

const MOST = 128;

/** (…, R, C) → at most 128 rows and columns. A cell with NaN in it is NaN. */
export function shrink({ shape, data }: HostTensor): Shrunk {
  const C = shape.at(-1) ?? 1;
  const R = C > 0 ? data.length / C : 0;
  const down = Math.max(Math.ceil(R / MOST), 1);
  const across = Math.max(Math.ceil(C / MOST), 1);
  const [rows, columns] = [Math.ceil(R / down), Math.ceil(C / across)];
  const values = new Float32Array(rows * columns);
  let largest = 0;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      let [sum, count] = [0, 0];
      for (let y = r * down; y < Math.min((r + 1) * down, R); y++)
        for (let x = c * across; x < Math.min((c + 1) * across, C); x++) {
          sum += data[y * C + x]!;
          count++;
        }
      const mean = sum / count;
      values[r * columns + c] = mean;
      if (Number.isFinite(mean)) largest = Math.max(largest, Math.abs(mean));
    }
  return { rows, columns, values, block: [down, across], largest };
}
