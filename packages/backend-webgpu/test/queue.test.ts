import type { Dense, DType, View } from "@muladd/tensor";
import { expect, it } from "vitest";
import { type WebGPUBackend, webgpu } from "../src/index.ts";
import { sizeClass } from "../src/memory.ts";
import { onShared } from "./harness.ts";

const vector = (backend: WebGPUBackend, elements: number, dtype: DType = "f32"): Dense => ({
  buffer: backend.alloc(elements, dtype),
  shape: [elements],
  dtype,
});
const view = (x: Dense): View => ({ ...x, strides: [1], offset: 0 });

it("keeps the order of writes and kernels on one buffer, though writes jump the queue", async () => {
  using backend = await onShared();
  const [x, y, z] = [1, 2, 3].map(() => vector(backend, 2)) as [Dense, Dense, Dense];
  backend.write(x.buffer, [1, 2]);
  backend.kernels.unary("scale", y, x, 10);
  backend.write(x.buffer, [3, 4]);
  backend.kernels.unary("scale", z, x, 10);
  const [first, second, last] = await Promise.all([y, z, x].map((t) => backend.read(t.buffer)));
  expect([...first!, ...second!, ...last!]).toEqual([10, 20, 30, 40, 3, 4]);
});

it("writes memory that a freed buffer still has in the batch only after that batch", async () => {
  using backend = await onShared();
  const out = vector(backend, 2);
  const old = vector(backend, 2);
  backend.write(old.buffer, [1, 2]);
  backend.kernels.unary("scale", out, old, 2);
  backend.free(old.buffer);
  const young = vector(backend, 2); // in the memory of the old one
  backend.write(young.buffer, [5, 6]);
  expect([...(await backend.read(out.buffer))]).toEqual([2, 4]);
  expect([...(await backend.read(young.buffer))]).toEqual([5, 6]);
});

it("submits when a batch is full, when somebody reads, and else not", async () => {
  using backend = await onShared({ batch: 4 });
  const [x, y] = [vector(backend, 3), vector(backend, 3)];
  backend.write(x.buffer, [1, 2, 3]);
  const { submits } = backend.counts;
  for (let i = 0; i < 5; i++) {
    backend.kernels.unary("shift", y, x, 1);
    backend.kernels.unary("shift", x, y, 1);
  }
  expect(backend.counts.submits).toBe(submits + 2);
  backend.write(vector(backend, 1).buffer, [1]); // memory that nothing recorded uses
  expect(backend.counts.submits).toBe(submits + 2);
  expect([...(await backend.read(x.buffer))]).toEqual([11, 12, 13]);
  expect(backend.counts.submits).toBe(submits + 3);
});

it("answers each of several reads with what there was when it was asked", async () => {
  using backend = await onShared();
  const [x, y] = [vector(backend, 1), vector(backend, 1)];
  backend.write(x.buffer, [0]);
  const reads: Promise<ArrayLike<number>>[] = [];
  for (let i = 0; i < 10; i++) {
    reads.push(backend.read(x.buffer));
    backend.kernels.unary("shift", y, x, 1);
    backend.kernels.copy(view(x), view(y));
  }
  expect((await Promise.all(reads)).map((r) => r[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it("makes nothing new when work repeats itself, whatever the order of freeing", async () => {
  using backend = await onShared();
  const step = async (backwards: boolean) => {
    const made = [5, 100, 5, 300, 5].map((n) => vector(backend, n));
    for (const x of made) backend.kernels.fill(x, 1, 0);
    backend.kernels.binary("add", made[0]!, view(made[2]!), view(made[4]!));
    expect([...(await backend.read(made[0]!.buffer))]).toEqual([2, 2, 2, 2, 2]);
    for (const { buffer } of backwards ? made.toReversed() : made) backend.free(buffer);
  };
  await step(false);
  const { buffers, pipelines, bindGroups } = backend.counts;
  for (const backwards of [true, false, false, true]) await step(backwards);
  expect(backend.counts).toMatchObject({ buffers, pipelines, bindGroups });
});

it("compiles a kernel once for all backends on a device", async () => {
  using first = await onShared();
  const [x, y] = [vector(first, 1), vector(first, 1)];
  first.kernels.unary("rsqrt", y, x, 0);
  const { pipelines } = first.counts;
  using second = await onShared();
  const [u, v] = [vector(second, 1), vector(second, 1)];
  second.write(u.buffer, [4]);
  second.kernels.unary("rsqrt", v, u, 0);
  expect((await second.read(v.buffer))[0]).toBeCloseTo(0.5, 6);
  expect(second.counts.pipelines).toBe(pipelines);
});

it("dispatches more workgroups than a dimension holds", async () => {
  using backend = await onShared();
  const n = 65_535 * 64 * 4 + 1003;
  const x = vector(backend, n, "i32");
  backend.kernels.fill(x, 7, 1);
  const found = await backend.read(x.buffer);
  expect(found.length).toBe(n);
  expect(found.findIndex((v, i) => v !== 7 + i)).toBe(-1);
});

it("times kernels on the device", async () => {
  using backend = await onShared({}, { profile: true });
  expect(backend.facts.timestamps || backend.notes.length === 1).toBe(true);
  const [x, y] = [vector(backend, 1000), vector(backend, 1000)];
  backend.kernels.fill(x, 2, 0);
  for (let i = 0; i < 100; i++) backend.kernels.unary("rsqrt", y, x, 0);
  const times = await backend.profile();
  if (!backend.facts.timestamps) return expect(times).toEqual([]);
  expect(times.map(({ name, calls }) => `${calls} × ${name}`).sort()).toEqual([
    "1 × fill f32",
    "100 × unary rsqrt f32",
  ]);
  for (const { ms, gbytes } of times) expect([ms >= 0, gbytes >= 0]).toEqual([true, true]);
  expect(await backend.profile()).toEqual([]);
});

it("rounds sizes up by a quarter at most", () => {
  for (let bytes = 0; bytes < 1e9; bytes = Math.ceil(bytes * 1.037 + 1)) {
    const size = sizeClass(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size % 256).toBe(0);
    if (bytes >= 1024) expect(size).toBeLessThanOrEqual(bytes * 1.25 + 256);
    expect(sizeClass(size)).toBe(size);
  }
});

it("shares no device by itself, and destroys only its own", async () => {
  const mine = await webgpu();
  const { device } = mine;
  using guest = await webgpu({ device });
  guest[Symbol.dispose]();
  const x = vector(mine, 1);
  mine.kernels.fill(x, 3, 0);
  expect((await mine.read(x.buffer))[0]).toBe(3);
  mine[Symbol.dispose]();
  expect((await device.lost).reason).toBe("destroyed");
});
