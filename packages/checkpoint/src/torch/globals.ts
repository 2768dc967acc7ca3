import type { PlainType } from "../dtypes.ts";
import { type Global, is, type Value } from "./value.ts";

const STORAGES: Readonly<Record<string, PlainType>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

const DTYPES: Readonly<Record<string, PlainType>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint64: "U64",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};

/** numpy's and torch's own limit. */
const MAX_RANK = 64;

function counts(value: Value | undefined): number[] | undefined {
  const valid =
    Array.isArray(value) &&
    value.length <= MAX_RANK &&
    value.every((d): d is number => typeof d === "number" && Number.isSafeInteger(d) && d >= 0);
  return valid ? [...value] : undefined;
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, …)`; v3 has the dtype as its seventh argument. */
function rebuildTensor(args: readonly Value[], given?: Value): Value | undefined {
  const [storage, offset, size, stride] = args;
  const [shape, strides, place] = [counts(size), counts(stride), counts([offset ?? null])?.[0]];
  if (!is(storage, "storage") || !shape || !strides || place === undefined) return undefined;
  const dtype = is(given, "global") ? given.dtype : storage.dtype;
  if (!dtype || shape.length !== strides.length) return undefined;
  return { kind: "view", storage, dtype, offset: place, shape, strides };
}

/** `OrderedDict()`, or with a list of pairs. */
function orderedDict([pairs = []]: readonly Value[]): Value | undefined {
  const isPair = (pair: Value): pair is [Value, Value] => Array.isArray(pair) && pair.length === 2;
  return Array.isArray(pairs) && pairs.every(isPair) ? new Map(pairs) : undefined;
}

const first =
  (is: (value: Value) => boolean) =>
  ([value]: readonly Value[]) =>
    value !== undefined && is(value) ? value : undefined;

function table(): ReadonlyMap<string, Global> {
  const globals = new Map<string, Global>();
  const add = (name: string, rest: Omit<Global, "kind" | "name">) =>
    globals.set(name, { kind: "global", name, ...rest });
  for (const [name, dtype] of Object.entries(STORAGES)) {
    add(`torch.${name}`, { dtype });
    add(`torch.storage.${name}`, { dtype });
  }
  for (const [name, dtype] of Object.entries(DTYPES)) add(`torch.${name}`, { dtype });
  add("torch.storage.UntypedStorage", {});
  add("torch._utils._rebuild_tensor_v2", { call: (args) => rebuildTensor(args) });
  add("torch._utils._rebuild_tensor_v3", { call: (args) => rebuildTensor(args, args[6] ?? null) });
  add("torch._utils._rebuild_parameter", { call: first((value) => is(value, "view")) });
  add("torch.Size", { call: first(Array.isArray) });
  add("torch.device", { call: first((value) => typeof value === "string") });
  add("collections.OrderedDict", { call: orderedDict });
  for (const module of ["__builtin__", "builtins"])
    add(`${module}.set`, {
      call: ([items]) => (Array.isArray(items) ? new Set(items) : undefined),
    });
  return globals;
}

/** All that a pickle may name, by `module.name`. A lookup in this table is all that ever happens to a name. */
export const GLOBALS = /* @__PURE__ */ table();
