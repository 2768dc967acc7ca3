import type { RGB } from "./colors.ts";

export interface Heatmap {
  readonly rows: number;
  readonly columns: number;
  /** Row after row. */
  readonly values: ArrayLike<number>;
  /** The colour of a value. */
  readonly color: (value: number) => RGB;
}

/** A cell, by row and column. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Draws one pixel a cell and lets the canvas scale them: 256 × 256 cells take a millisecond or two. */
export function drawHeatmap(
  context: CanvasRenderingContext2D,
  { rows, columns, values, color }: Heatmap,
): void {
  const { canvas } = context;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (rows === 0 || columns === 0) return;
  const image = new ImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const [r, g, b] = color(values[i]!);
    image.data.set([r, g, b, 255], 4 * i);
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext("2d")!.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** Outlines a cell. */
export function drawMark(
  context: CanvasRenderingContext2D,
  { rows, columns }: Pick<Heatmap, "rows" | "columns">,
  { row, column }: Cell,
  color: string,
): void {
  const [w, h] = [context.canvas.width / columns, context.canvas.height / rows];
  context.strokeStyle = color;
  context.lineWidth = Math.max(2, Math.min(w, h) / 8);
  context.strokeRect(column * w, row * h, w, h);
}

/** The cell under a point of the canvas, given in shares of its width and height. */
export const cellAt = (
  { rows, columns }: Pick<Heatmap, "rows" | "columns">,
  x: number,
  y: number,
): Cell => ({
  row: Math.min(Math.max(Math.floor(y * rows), 0), rows - 1),
  column: Math.min(Math.max(Math.floor(x * columns), 0), columns - 1),
});
