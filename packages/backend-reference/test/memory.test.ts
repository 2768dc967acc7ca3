import {
  add,
  BackendUnavailable,
  dispose,
  exp,
  firstAvailable,
  full,
  gelu,
  keep,
  matmul,
  mul,
  OutOfMemoryError,
  observe,
  Parameter,
  reshape,
  ShapeError,
  scatterAddTo,
  share,
  Tensor,
  tidy,
  unobserved,
  Variable,
} from "@muladd/tensor";
import { afterEach, beforeEach, expect, test } from "vitest";
import { reference } from "../src/index.ts";

let backend = reference();
beforeEach(() => {
  backend = reference();
});
afterEach(() => {
  expect(backend.memory.buffers).toBe(0); // every test cleans up
});

const live = () => backend.memory.buffers;

test("tidy keeps tensors of its result in arrays, maps, sets and objects", () => {
  const result = tidy(() => {
    const t = () => full(backend, [2], 1);
    t();
    return { list: [t(), { deep: t() }], map: new Map([["a", t()]]), set: new Set([t()]), n: 3 };
  });
  expect(live()).toBe(4);
  dispose(result);
});

test("a map from tensors names its keys and does not own them", () => {
  using p = full(backend, [1], 1);
  const grads = new Map([[p, full(backend, [1], 2)]]);
  dispose(grads);
  expect(p.disposed).toBe(false);
  expect(live()).toBe(1);
});

test("what an inner tidy returns belongs to the outer one", () => {
  tidy(() => {
    tidy(() => full(backend, [1], 1));
    expect(live()).toBe(1);
  });
  expect(live()).toBe(0);
});

test("keep takes a tensor out of the scope it was made in", () => {
  let kept: Tensor | undefined;
  tidy(() => {
    tidy(() => {
      kept = keep(full(backend, [1], 1));
    });
  });
  expect(live()).toBe(1);
  kept![Symbol.dispose]();
});

test("using disposes at the end of a block, by exception too", () => {
  expect(() => {
    using _ = full(backend, [1], 1);
    expect(live()).toBe(1);
    throw new Error("stop");
  }).toThrow("stop");
  expect(live()).toBe(0);
});

test("a promise as tidy's result throws, and frees what was made", () => {
  expect(() => tidy(async () => exp(full(backend, [1], 1)))).toThrow(/await outside of tidy/);
});

test("the error for a disposed tensor names its shape and the remedy", () => {
  const t = full(backend, [2, 3], 1);
  t[Symbol.dispose]();
  expect(() => exp(t)).toThrow(
    "a tensor of shape (2, 3) was used after it was disposed; return it from tidy, or keep() it, to use it later",
  );
});

test("handles that share memory free it with the last one", async () => {
  const a = Tensor.from(backend, [1, 2]);
  const b = share(a);
  const c = reshape(b, [2, 1]);
  expect(live()).toBe(1);
  dispose([a, b]);
  expect([...(await c.data())]).toEqual([1, 2]);
  c[Symbol.dispose]();
});

test("Tensor.from and item say what does not fit", async () => {
  expect(() => Tensor.from(backend, [1, 2, 3], [2, 2])).toThrow(
    "Tensor.from: 3 numbers do not fill the shape (2, 2)",
  );
  using t = Tensor.from(backend, [1, 2]);
  await expect(t.item()).rejects.toThrow(
    /a tensor of shape \(2\) has not one element; use data\(\)/,
  );
});

test("inputs of two backends are refused with the way to move one", () => {
  using other = reference({ precision: "f64" });
  using a = full(backend, [1], 1);
  const b = full(other, [1], 1);
  expect(() => add(a, b)).toThrow(
    "add: inputs live on reference and reference-f64; move one with Tensor.from(backend, await t.data(), t.shape)",
  );
});

test("a variable outlives scopes and takes new values of its own shape only", async () => {
  const v = tidy(() => new Variable(Tensor.from(backend, [1, 2])));
  expect(live()).toBe(1);
  tidy(() => v.assign(mul(v, 10)));
  expect([...(await v.data())]).toEqual([10, 20]);
  expect(live()).toBe(1);
  v.write([3, 4]);
  expect([...(await v.data())]).toEqual([3, 4]);
  using longer = full(backend, [3], 0);
  expect(() => v.assign(longer)).toThrow("assign: f32 (3) does not fit f32 (2)");
  using whole = full(backend, [2], 0, "i32");
  expect(() => v.assign(whole)).toThrow("assign: i32 (2) does not fit f32 (2)");
  expect([...(await v.data())]).toEqual([3, 4]);
  v[Symbol.dispose]();
});

test("a variable is exclusive until its memory is shared", () => {
  const v = Parameter.of(backend, [1], [1]);
  expect(v.exclusive).toBe(true);
  const other = reshape(v, []);
  expect(v.exclusive).toBe(false);
  dispose(other);
  expect(v.exclusive).toBe(true);
  dispose(v);
});

test.each([
  [[2, 2], 1, 3, "store: (2, 2) at 3 of axis 1 does not fit (2, 4)"],
  [[1, 2], 1, 0, "store: (1, 2) at 0 of axis 1 does not fit (2, 4)"],
  [[2, 2], 1, -1, "store: (2, 2) at -1 of axis 1 does not fit (2, 4)"],
  [[2], 1, 0, "store: (2) at 0 of axis 1 does not fit (2, 4)"],
])("storing %j along axis %i at %i is refused", (shape, axis, start, message) => {
  using cell = Parameter.of(backend, new Float32Array(8), [2, 4]);
  using x = full(backend, shape, 1);
  expect(() => cell.store(x, axis, start)).toThrow(message);
});

test("scatterAddTo sums into memory that nobody shares, into a copy elsewhere, and tells what it did", async () => {
  using rows = Tensor.from(backend, [10, 20, 30], [3, 1]);
  using ids = Tensor.from(backend, Int32Array.of(1, 1, 5), [3]);
  const total = Tensor.from(backend, [1, 2], [2, 1]);
  using other = share(total);
  using copied = scatterAddTo(total, rows, ids);
  expect([...(await copied.data())]).toEqual([1, 32]);
  expect([...(await other.data())]).toEqual([1, 2]);
  other[Symbol.dispose]();
  const seen: string[] = [];
  const held = live();
  using sum = observe({ observe: ({ op }) => seen.push(op) }, () => scatterAddTo(total, rows, ids));
  expect(live()).toBe(held);
  expect(seen).toEqual(["scatterAdd"]);
  total[Symbol.dispose]();
  expect([...(await sum.data())]).toEqual([1, 32]);
  expect(() => scatterAddTo(sum, ids, ids)).toThrow(ShapeError);
  using wide = full(backend, [2, 3], 0);
  expect(() => scatterAddTo(wide, rows, ids)).toThrow(
    "scatterAddTo: rows f32 (3, 1) do not fit a total f32 (2, 3)",
  );
});

test("observers see each op with its operands and results; unobserved hides them", () => {
  using x = full(backend, [2], 1);
  const seen: string[] = [];
  tidy(() =>
    observe(
      { observe: ({ op, inputs, outs }) => seen.push(`${op} ${inputs.length} ${outs.length}`) },
      () => {
        gelu(add(x, x));
        unobserved(() => exp(x));
        exp(x);
      },
    ),
  );
  expect(seen).toEqual(["add 2 1", "gelu 1 1", "exp 1 1"]);
});

test("an observer may ask for the composition of a fused op", () => {
  using x = full(backend, [2], 1);
  const seen: string[] = [];
  using _ = observe(
    { observe: ({ op }) => void seen.push(op), composes: (op) => op === "gelu" },
    () => gelu(x),
  );
  expect(seen).not.toContain("gelu");
  expect(seen).toContain("erf");
});

test("an observer that throws is gone afterwards", () => {
  using x = full(backend, [2], 1);
  const angry = {
    observe: () => {
      throw new Error("no");
    },
  };
  expect(() => tidy(() => observe(angry, () => exp(x)))).toThrow("no");
  using y = exp(x);
  expect(y.disposed).toBe(false);
});

test("a shape error leaves nothing behind", () => {
  using a = full(backend, [2, 3], 1);
  expect(() => matmul(a, a)).toThrow(/did you mean transposeA\?/);
  expect(live()).toBe(1);
});

test("firstAvailable takes the first that can be had", async () => {
  const refuse = () => {
    throw new BackendUnavailable("webgpu", "no adapter", "use a browser with WebGPU");
  };
  const found = await firstAvailable([refuse, async () => backend, () => reference()]);
  expect(found).toBe(backend);
});

test("a buffer is never zero by luck, and is counted in bytes of its precision", async () => {
  using double = reference({ precision: "f64" });
  const id = double.alloc(3, "f32");
  expect([...(await double.read(id))]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect(double.memory).toMatchObject({ buffers: 1, bytes: 24, peakBytes: 24 });
  double.free(id);
  expect(() => double.free(id)).toThrow(/buffer \d+ is not allocated/);
  expect(double.memory).toMatchObject({ buffers: 0, bytes: 0, peakBytes: 24 });
});

test("what is larger than the limit is refused before the engine is asked", () => {
  expect(() => backend.alloc(2 ** 29 + 1, "f32")).toThrow(OutOfMemoryError);
  expect(() => backend.alloc(2 ** 29 + 1, "f32")).toThrow(
    /no room for 2147\.5 MB \(a buffer holds 2147483648 bytes/,
  );
});
