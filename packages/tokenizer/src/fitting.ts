/** `array`, or a copy of at least twice its length when it is shorter than `length`. */
export function fitting(array: Int32Array, length: number): Int32Array;
export function fitting(array: Float64Array, length: number): Float64Array;
export function fitting(array: Int32Array | Float64Array, length: number) {
  if (length <= array.length) return array;
  const size = Math.max(2 * array.length, length);
  const larger = array instanceof Int32Array ? new Int32Array(size) : new Float64Array(size);
  larger.set(array);
  return larger;
}
