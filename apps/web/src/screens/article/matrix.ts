/** Where the colour of a matrix is full: most numbers are far from the largest, and would all look like 0. */
export function fullColour(values: readonly number[]): number {
  let [most, squares] = [0, 0];
  for (const x of values) {
    most = Math.max(most, Math.abs(x));
    squares += x * x;
  }
  return Math.min(most, 4 * Math.sqrt(squares / values.length)) || 1;
}
