import type { Machine } from "./unpickle.ts";
import { is, type Value } from "./value.ts";

const isList = (value: Value): value is Value[] => Array.isArray(value);
const isMap = (value: Value): value is Map<Value, Value> => value instanceof Map;
const isSet = (value: Value): value is Set<Value> => value instanceof Set;

/** Two's complement, little-endian; a number where it is exact. */
function long(bytes: Uint8Array): number | bigint {
  const bits = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const value = BigInt.asIntN(8 * bytes.length, bits);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function setItems(m: Machine, items: readonly Value[]): void {
  const map = m.top(isMap, "a dict");
  if (items.length % 2) throw m.cursor.fail("the pickle has a key without a value: it is damaged");
  for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
}

function addItems(m: Machine, items: readonly Value[]): void {
  const set = m.top(isSet, "a set");
  for (const item of items) set.add(item);
}

/** A loop, since a call takes no more arguments than the stack has room for. */
function append(m: Machine, items: readonly Value[]): void {
  const list = m.top(isList, "a list");
  for (const item of items) list.push(item);
}

function reduce(m: Machine): void {
  const [global, args] = m.take(2);
  if (!is(global, "global") || !Array.isArray(args))
    throw m.cursor.fail("the pickle calls what is not a function: it is damaged");
  const made = global.call?.(args);
  if (made === undefined)
    throw m.cursor.fail(`the pickle calls ${global.name} with arguments that do not fit it`);
  // A few bytes call it again with the same list.
  m.pushContainer(made, isMap(made) || isSet(made) ? made.size : 0);
}

/** State of a dict is torch's bookkeeping (`_metadata`: versions of modules), which no tensor needs. */
function build(m: Machine): void {
  m.pop();
  m.top(isMap, "the state of a dict");
}

function stackGlobal(m: Machine): void {
  const [module, name] = m.take(2);
  if (typeof module !== "string" || typeof name !== "string")
    throw m.cursor.fail("the pickle asks for a name that is not text: it is damaged");
  m.global(module, name);
}

/** What Python 2 wrote for an instance; here so that the error says of what. */
function inst(m: Machine): void {
  const args = m.sinceMark();
  m.global(m.cursor.line(), m.cursor.line());
  m.push(args);
  reduce(m);
}

function persistent(m: Machine): void {
  const storage = m.storage(m.pop());
  if (!storage)
    throw m.cursor.fail(
      'the pickle refers to something that is not ("storage", class, key, place, count)',
    );
  m.push(storage);
}

function keep(m: Machine, key: number): void {
  m.memo.set(key, m.pop());
  m.recall(key);
}

/** Pickle's opcodes, by code. */
export const OPCODES: ReadonlyMap<number, (m: Machine) => void> = /* @__PURE__ */ table({
  // the program
  "\x80": ({ cursor }) => cursor.skip(1), // PROTO
  "\x95": ({ cursor }) => cursor.skip(8), // FRAME
  "(": (m) => m.mark(),
  "0": (m) => m.pop(),
  "1": (m) => m.sinceMark(), // POP_MARK
  q: (m) => keep(m, m.cursor.u8()), // BINPUT
  r: (m) => keep(m, m.cursor.u32()), // LONG_BINPUT
  "\x94": (m) => keep(m, m.memo.size), // MEMOIZE
  h: (m) => m.recall(m.cursor.u8()), // BINGET
  j: (m) => m.recall(m.cursor.u32()), // LONG_BINGET
  // plain values
  N: (m) => m.push(null),
  "\x88": (m) => m.push(true),
  "\x89": (m) => m.push(false),
  J: (m) => m.push(m.cursor.i32()),
  K: (m) => m.push(m.cursor.u8()),
  M: (m) => m.push(m.cursor.u16()),
  "\x8a": (m) => m.push(long(m.cursor.take(m.cursor.u8()))), // LONG1
  G: (m) => m.push(m.cursor.f64(false)), // big-endian, alone among all
  X: (m) => m.push(m.cursor.text(m.cursor.u32())), // BINUNICODE
  "\x8c": (m) => m.push(m.cursor.text(m.cursor.u8())), // SHORT_BINUNICODE
  "\x8d": (m) => m.push(m.cursor.text(m.cursor.count())), // BINUNICODE8
  U: (m) => m.push(m.cursor.text(m.cursor.u8())), // SHORT_BINSTRING, of Python 2
  T: (m) => m.push(m.cursor.text(m.cursor.u32())), // BINSTRING, of Python 2
  C: (m) => m.push(m.cursor.take(m.cursor.u8())), // SHORT_BINBYTES
  B: (m) => m.push(m.cursor.take(m.cursor.u32())), // BINBYTES
  "\x8e": (m) => m.push(m.cursor.take(m.cursor.count())), // BINBYTES8
  "\x96": (m) => m.push(m.cursor.take(m.cursor.count())), // BYTEARRAY8
  // containers
  "]": (m) => m.pushContainer([]),
  l: (m) => m.pushContainer(m.sinceMark()), // LIST
  a: (m) => append(m, [m.pop()]),
  e: (m) => append(m, m.sinceMark()),
  ")": (m) => m.pushContainer([]),
  t: (m) => m.pushContainer(m.sinceMark()), // TUPLE
  "\x85": (m) => m.pushContainer(m.take(1)),
  "\x86": (m) => m.pushContainer(m.take(2)),
  "\x87": (m) => m.pushContainer(m.take(3)),
  "}": (m) => m.pushContainer(new Map()),
  s: (m) => setItems(m, m.take(2)),
  u: (m) => setItems(m, m.sinceMark()),
  "\x8f": (m) => m.pushContainer(new Set()),
  "\x90": (m) => addItems(m, m.sinceMark()),
  "\x91": (m) => m.pushContainer(new Set(m.sinceMark())), // FROZENSET
  // names, calls, storages
  c: (m) => m.global(m.cursor.line(), m.cursor.line()),
  i: inst,
  "\x93": stackGlobal,
  R: reduce,
  b: build,
  Q: persistent,
});

function table(rows: Readonly<Record<string, (m: Machine) => void>>) {
  return new Map(Object.entries(rows).map(([key, run]) => [key.charCodeAt(0), run]));
}
