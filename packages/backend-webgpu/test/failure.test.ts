import { type Dense, OutOfMemoryError } from "@muladd/tensor";
import { expect, it } from "vitest";
import { openDevice } from "../src/adapter.ts";
import { Failure } from "../src/failure.ts";
import { DeviceLostError, type WebGPUBackend, webgpu } from "../src/index.ts";
import { GPUMemory } from "../src/memory.ts";
import { BATCH, Queue } from "../src/queue.ts";

// Each on a device of its own: one that failed is of no use to others.

const filled = (backend: WebGPUBackend, value: number): Dense => {
  const x: Dense = { buffer: backend.alloc(4, "f32"), shape: [4], dtype: "f32" };
  backend.kernels.fill(x, value, 0);
  return x;
};

it("rejects reads on a lost device, those under way among them, and hangs on nothing", async () => {
  using backend = await webgpu();
  const x = filled(backend, 1);
  await backend.read(x.buffer);
  const pending = backend.read(x.buffer).then(
    () => undefined, // it may have been answered just before
    (error: Error) => error,
  );
  backend.device.destroy();
  const error = await pending;
  if (error) expect(error).toBeInstanceOf(DeviceLostError);
  await expect(backend.read(x.buffer)).rejects.toThrow(DeviceLostError);
  filled(backend, 2); // what was begun in good faith does not throw amid a step
  backend.write(x.buffer, [1, 2, 3, 4]);
  await expect(backend.read(x.buffer)).rejects.toThrow(
    /^webgpu: the device was lost.*open the backend again and go on from the last checkpoint$/,
  );
});

it("rejects reads after memory that the device could not give, with the bytes asked for", async () => {
  const { device, facts } = await openDevice(undefined, "high-performance");
  const failure = new Failure();
  // The largest there are, bindable or not: SwiftShader refuses the first.
  const bytes = 4 * Math.floor(facts.maxBufferBytes / 4);
  const memory = new GPUMemory(
    device,
    failure,
    { maxBufferBytes: bytes, maxBytes: Infinity },
    () => {},
  );
  const queue = new Queue(device, memory, failure, undefined, BATCH);
  const small = memory.alloc(4, "f32");
  let error: unknown;
  for (let gigabytes = 0; gigabytes < 1024 && !error; gigabytes += bytes / 2 ** 30) {
    memory.alloc(bytes / 4, "f32");
    error = await queue.read(small).then(
      () => undefined,
      (reason) => reason,
    );
  }
  device.destroy();
  if (!error && facts.software) {
    console.warn(`${facts.description} promises a terabyte: it never says that memory ran out`);
    return;
  }
  expect(error).toBeInstanceOf(OutOfMemoryError);
  expect(error).toMatchObject({ bytes, backend: "webgpu" });
});

it("names the kernel, the line and the message of a shader that does not compile", async () => {
  const { device, facts } = await openDevice(undefined, "high-performance");
  const failure = new Failure();
  const limits = { maxBufferBytes: facts.maxBindingBytes, maxBytes: Infinity };
  const memory = new GPUMemory(device, failure, limits, () => {});
  const queue = new Queue(device, memory, failure, undefined, BATCH);
  const out = memory.alloc(4, "f32");
  const broken = {
    name: "broken 4×4",
    reads: {},
    writes: { out: "f32" },
    params: {},
    lanes: 64,
    code: "fn kernel(group: u32, lane: u32) { out[lane] = nowhere; }",
  };
  queue.run(broken, [out], [], 1);
  await expect(queue.read(out)).rejects.toThrow(
    /^webgpu: kernel "broken 4×4" does not compile on this device: line \d+: .*nowhere/,
  );
  device.destroy();
});

it("keeps to maxBytes, after giving back what is only pooled", async () => {
  using backend = await webgpu({ maxBytes: 1 << 20 });
  expect(backend.limits).toMatchObject({ maxBytes: 1 << 20, maxBufferBytes: 1 << 20 });
  for (let kilobytes = 1; kilobytes <= 1024; kilobytes *= 2)
    backend.free(backend.alloc(kilobytes * 256, "f32"));
  const half = backend.alloc(1 << 17, "f32");
  expect(() => backend.alloc((1 << 17) + 1, "f32")).toThrow(
    /^webgpu: no room for 0\.5 MB \(0\.5 of 1\.0 MB are in use\)/,
  );
  const x = filled(backend, 5);
  backend.kernels.copy(
    { ...x, strides: [1], offset: 0 },
    { buffer: half, shape: [4], dtype: "f32", strides: [1], offset: 0 },
  ); // recorded, on memory that is given back
  backend.free(half);
  expect(() => backend.alloc((1 << 18) + 1, "f32")).toThrow(
    /^webgpu: no room for 1\.0 MB \(this adapter's buffers hold at most 1\.0 MB\)/,
  );
  backend.free(x.buffer);
  const whole = backend.alloc(1 << 18, "f32");
  backend.write(whole, [7]);
  expect((await backend.read(whole))[0]).toBe(7);
});

it("refuses a maxBytes that is no size, and work after its disposal", async () => {
  await expect(webgpu({ maxBytes: 0 })).rejects.toThrow(RangeError);
  await expect(webgpu({ maxBytes: Number.NaN })).rejects.toThrow("not a positive number");
  const backend = await webgpu();
  backend[Symbol.dispose]();
  backend[Symbol.dispose]();
  expect(() => backend.alloc(1, "f32")).toThrow("was disposed; make a new one with webgpu()");
});

it("refuses more numbers than a buffer has, and buffers that are not its own", async () => {
  using backend = await webgpu();
  const buffer = backend.alloc(2, "f32");
  expect(() => backend.write(buffer, [1, 2, 3])).toThrow("3 numbers do not fit a buffer of 2");
  backend.free(buffer);
  expect(() => backend.write(buffer, [1])).toThrow(`there is no buffer ${buffer}`);
  await expect(backend.read(99)).rejects.toThrow("there is no buffer 99");
});
