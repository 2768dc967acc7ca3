import { add, exp, full, iota, matmul, mul, Parameter, sum, Tensor, tidy } from "@muladd/tensor";
import type { Case, Create } from "../case.ts";
import { onDevice } from "../compare.ts";

const ordered = (name: string, create: Create, body: Parameters<typeof onDevice>[1]): Case => ({
  name: `order: ${name}`,
  kind: "order",
  run: () => onDevice(create, body),
});

/** Work takes effect in the order in which it was asked for, whether a backend runs it at once or in batches. */
export const orderCases = (create: Create): Case[] => [
  ordered("what is written is read back", create, async (backend, evidence) => {
    for (const length of [0, 1, 3, 257, 4096]) {
      const numbers = Float32Array.from({ length }, (_, i) => Math.fround(1 / (i - 0.5)));
      using t = Tensor.from(backend, numbers);
      evidence.compare(`${length} f32`, await t.data(), numbers, 0);
      const whole = Int32Array.from({ length }, (_, i) => (i % 2 ? -1 : 1) * (2 ** 31 - 1 - i));
      using u = Tensor.from(backend, whole);
      const data = await u.data();
      evidence.expect(data instanceof Int32Array, "i32 is not read as Int32Array");
      evidence.compare(`${length} i32`, data, whole, 0);
    }
  }),
  ordered("what was read belongs to the reader", create, async (backend, evidence) => {
    using p = Parameter.of(backend, [1, 2, 3], [3]);
    const before = await p.data();
    backend.write(p.buffer, [4, 5, 6]);
    evidence.compare("an earlier reading", before, [1, 2, 3], 0);
    before.fill(9);
    evidence.compare("the device's memory", await p.data(), [4, 5, 6], 0);
  }),
  ordered("writing copies: the caller may reuse its array", create, async (backend, evidence) => {
    const mine = Float32Array.of(1, 2, 3);
    using t = Tensor.from(backend, mine);
    mine.fill(0);
    evidence.compare("the tensor", await t.data(), [1, 2, 3], 0);
  }),
  ordered("an op sees what was written before it, not after", create, async (backend, evidence) => {
    using p = Parameter.of(backend, [1, 2, 3], [3]);
    using first = mul(p, 2);
    backend.write(p.buffer, [10, 20, 30]);
    using second = mul(p, 2);
    evidence.compare("the op before the write", await first.data(), [2, 4, 6], 0);
    evidence.compare("the op after the write", await second.data(), [20, 40, 60], 0);
  }),
  ordered(
    "memory that is freed and given out again keeps no one waiting",
    create,
    async (backend, evidence) => {
      // Free takes effect after the work on a buffer: its successor must not overwrite what is still to be read.
      const results = tidy(() => {
        const outs: Tensor[] = [];
        for (let i = 0; i < 20; i++) {
          const x = Tensor.from(backend, new Float32Array(1000).fill(i));
          outs.push(tidy(() => add(mul(add(x, 1), 2), x)));
          x[Symbol.dispose]();
        }
        return outs;
      });
      for (const [i, t] of results.entries()) {
        evidence.compare(`round ${i}`, await t.data(), new Float32Array(1000).fill(3 * i + 2), 0);
        t[Symbol.dispose]();
      }
    },
  ),
  ordered("new memory does not alias memory in use", create, async (backend, evidence) => {
    const kept = Array.from({ length: 30 }, (_, i) => full(backend, [1 + 37 * i], i));
    for (const t of kept.filter((_, i) => i % 3 === 0)) t[Symbol.dispose]();
    const more = Array.from({ length: 30 }, (_, i) => full(backend, [1 + 29 * i], -i));
    for (const [i, t] of kept.entries()) {
      if (t.disposed) continue;
      evidence.compare(`tensor ${i}`, await t.data(), new Float32Array(1 + 37 * i).fill(i), 0);
      t[Symbol.dispose]();
    }
    for (const [i, t] of more.entries()) {
      evidence.compare(`new tensor ${i}`, await t.data(), new Float32Array(1 + 29 * i).fill(-i), 0);
      t[Symbol.dispose]();
    }
  }),
  ordered("a read sees all work before it and none after", create, async (backend, evidence) => {
    using p = Parameter.of(backend, [0], [1]);
    const readings: Promise<ArrayLike<number>>[] = [];
    for (let i = 1; i <= 10; i++) {
      tidy(() => p.assign(add(p, 1)));
      readings.push(p.data());
    }
    for (const [i, reading] of (await Promise.all(readings)).entries())
      evidence.compare(`reading ${i}`, reading, [i + 1], 0);
  }),
  ordered("many ops in a row", create, async (backend, evidence) => {
    const t = tidy(() => {
      const one = full(backend, [8, 8], 1 / 8);
      let x = iota(backend, [8, 8]);
      for (let i = 0; i < 300; i++) x = i % 3 ? add(x, 1) : matmul(x, one);
      return sum(x, 0);
    });
    // Averages stay averages: 31.5 + 200, summed over eight rows.
    evidence.compare("the result", await t.data(), new Float32Array(8).fill(8 * 231.5), 1e-6); // exact halves; eighths add up exactly
    t[Symbol.dispose]();
  }),
  ordered("store writes in place, in order", create, async (backend, evidence) => {
    using cache = Parameter.of(backend, new Float32Array(2 * 4 * 3), [2, 4, 3]);
    const { buffer } = cache;
    using before = exp(cache);
    tidy(() => {
      cache.store(
        Tensor.from(
          backend,
          Float32Array.from({ length: 12 }, (_, i) => i + 1),
          [2, 2, 3],
        ),
        1,
        1,
      );
      cache.store(Tensor.from(backend, new Float32Array(6).fill(99), [2, 1, 3]), 1, 2);
    });
    evidence.expect(cache.buffer === buffer, "store moved the cell to other memory");
    evidence.compare(
      "an op before the store",
      await before.data(),
      new Float32Array(24).fill(1),
      0,
    );
    evidence.compare(
      "the cell",
      await cache.data(),
      [0, 0, 0, 1, 2, 3, 99, 99, 99, 0, 0, 0, 0, 0, 0, 7, 8, 9, 99, 99, 99, 0, 0, 0],
      0,
    );
  }),
];
