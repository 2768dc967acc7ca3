// ONNX models as bytes: as much of the format as the graphs here need. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

const FLOAT = 1;
const INT64 = 7;

/** @param {number | bigint} value */
function varint(value) {
  const bytes = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    if (!more) return Uint8Array.from(bytes);
  }
}

/** @typedef {Uint8Array | readonly Bytes[]} Bytes in order; not joined until the end, since weights are large */

/** @param {Bytes} bytes @returns {number} */
const size = (bytes) =>
  bytes instanceof Uint8Array ? bytes.length : bytes.reduce((sum, part) => sum + size(part), 0);

/** @param {number} field @param {Bytes | string} value @returns {Bytes} */
function message(field, value) {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return [varint((field << 3) | 2), varint(size(bytes)), bytes];
}

/** @param {number} field @param {number | bigint} value @returns {Bytes} */
const integer = (field, value) => [varint(field << 3), varint(value)];

/** @param {number} field @param {number} value @returns {Bytes} */
const float = (field, value) => [
  varint((field << 3) | 5),
  new Uint8Array(Float32Array.of(value).buffer),
];

/** @param {string} name @param {number | string | readonly number[]} value whole numbers are integers @returns {Bytes} */
function attribute(name, value) {
  const type = (/** @type {number} */ kind) => integer(20, kind);
  if (typeof value === "string") return [message(1, name), message(4, value), type(3)];
  if (typeof value !== "number")
    return [message(1, name), value.map((x) => integer(8, x)), type(7)];
  return Number.isInteger(value)
    ? [message(1, name), integer(3, value), type(2)]
    : [message(1, name), float(2, value), type(1)];
}

/**
 * An operation of a graph. https://onnx.ai/onnx/operators
 * @param {string} op
 * @param {readonly string[]} inputs
 * @param {readonly string[]} outputs
 * @param {Record<string, number | string | readonly number[]>} [attributes]
 * @returns {Bytes}
 */
export const node = (op, inputs, outputs, attributes = {}) => [
  inputs.map((name) => message(1, name)),
  outputs.map((name) => message(2, name)),
  message(4, op),
  Object.entries(attributes).map(([name, value]) => message(5, attribute(name, value))),
];

/**
 * A constant: f32 or i64.
 * @param {string} name
 * @param {readonly number[]} shape
 * @param {Float32Array | BigInt64Array} data
 * @returns {Bytes}
 */
export const constant = (name, shape, data) => [
  shape.map((n) => integer(1, n)),
  integer(2, data instanceof Float32Array ? FLOAT : INT64),
  message(8, name),
  message(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
];

/**
 * An input or output; a size by name may be any.
 * @param {string} name
 * @param {readonly (number | string)[]} shape
 * @param {"f32" | "i64"} [dtype]
 * @returns {Bytes}
 */
export function value(name, shape, dtype = "f32") {
  const dims = shape.map((n) => message(1, typeof n === "number" ? integer(1, n) : message(2, n)));
  const tensor = [integer(1, dtype === "f32" ? FLOAT : INT64), message(2, dims)];
  return [message(1, name), message(2, message(1, tensor))];
}

/**
 * @param {{ nodes: readonly Bytes[], constants?: readonly Bytes[], inputs: readonly Bytes[], outputs: readonly Bytes[] }} graph
 */
export function model({ nodes, constants = [], inputs, outputs }) {
  const graph = [
    nodes.map((one) => message(1, one)),
    message(2, "graph"),
    constants.map((one) => message(5, one)),
    inputs.map((one) => message(11, one)),
    outputs.map((one) => message(12, one)),
  ];
  const parts = [integer(1, 9), message(7, graph), message(8, integer(2, 20))];
  const bytes = new Uint8Array(size(parts));
  let at = 0;
  const write = (/** @type {Bytes} */ part) => {
    if (!(part instanceof Uint8Array)) return part.forEach(write);
    bytes.set(part, at);
    at += part.length;
  };
  write(parts);
  return bytes;
}
