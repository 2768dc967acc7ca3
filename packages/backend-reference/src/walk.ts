import { size, type View } from "@muladd/tensor";

/** Visits views of one shape in row-major order, giving each view's element index. */
export function walk(views: readonly View[], visit: (at: readonly number[]) => void): void {
  const [{ shape }] = views as [View];
  const at = views.map((v) => v.offset);
  const index = shape.map(() => 0);
  for (let left = size(shape); left > 0; left--) {
    visit(at);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d]!++;
      views.forEach((v, j) => {
        at[j]! += v.strides[d]!;
      });
      if (index[d]! < shape[d]!) break;
      views.forEach((v, j) => {
        at[j]! -= v.strides[d]! * shape[d]!;
      });
      index[d] = 0;
    }
  }
}
