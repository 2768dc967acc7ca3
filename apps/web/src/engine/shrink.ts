import type { HostTensor, Shape } from "@muladd/tensor";

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

/** A heatmap on its way: numbers come piece by piece. */
export interface Shrinking extends Pick<Shrunk, "rows" | "columns" | "block"> {
  /** Takes the numbers that begin at number `at` of the tensor. */
  add(at: number, numbers: ArrayLike<number>): void;
  /** Cells are means of what came; NaN where nothing did. */
  result(): Shrunk;
}

const MOST = 128;

/** (…, R, C) → at most 128 rows and columns. A cell with NaN in it is NaN. */
export function shrink({ shape, data }: HostTensor): Shrunk {
  const shrinking = startShrinking(shape);
  shrinking.add(0, data);
  return shrinking.result();
}

/** As {@link shrink}, of a tensor that is not in memory as a whole. */
export function startShrinking(shape: Shape): Shrinking {
  const C = shape.at(-1) ?? 1;
  const R = C > 0 ? shape.slice(0, -1).reduce((product, n) => product * n, 1) : 0;
  const down = Math.max(Math.ceil(R / MOST), 1);
  const across = Math.max(Math.ceil(C / MOST), 1);
  const [rows, columns] = [Math.ceil(R / down), Math.ceil(C / across)];
  const sums = new Float64Array(rows * columns);
  const counts = new Float64Array(rows * columns);
  return {
    rows,
    columns,
    block: [down, across],
    add(at, numbers) {
      for (let i = 0; i < numbers.length; ) {
        const row = Math.floor((at + i) / C);
        const first = Math.floor(row / down) * columns;
        const column = (at + i) % C;
        const end = Math.min(numbers.length, i + C - column);
        for (let c = column; i < end; i++, c++) {
          const cell = first + Math.floor(c / across);
          sums[cell]! += numbers[i]!;
          counts[cell]!++;
        }
      }
    },
    result() {
      const values = Float32Array.from(sums, (sum, cell) => sum / counts[cell]!);
      const largest = sums.reduce((most, sum, cell) => {
        const mean = Math.abs(sum / counts[cell]!);
        return Number.isFinite(mean) ? Math.max(most, mean) : most;
      }, 0);
      return { rows, columns, values, block: [down, across], largest };
    },
  };
}
