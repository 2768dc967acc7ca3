import { expect, test } from "vitest";
import {
  type Backend,
  BackendUnavailable,
  firstAvailable,
  OutOfMemoryError,
} from "../src/index.ts";

const refuse = (name: string) => () => {
  throw new BackendUnavailable(name, `${name} is not here`, `install ${name}`);
};

test("when none can be had the error lists every reason and remedy", async () => {
  const error = await firstAvailable([refuse("webgpu"), async () => refuse("wasm")()]).catch(
    (e) => e,
  );
  expect(error).toBeInstanceOf(BackendUnavailable);
  expect(error.message).toBe(
    "firstAvailable: none of 2 backends can be had; " +
      "webgpu: webgpu is not here; install webgpu | wasm: wasm is not here; install wasm",
  );
});

test("without factories it asks for one", async () => {
  await expect(firstAvailable([])).rejects.toThrow(/name one backend at least/);
});

test("an error of another kind is passed on, and later factories are not tried", async () => {
  let tried = false;
  const fault = new OutOfMemoryError("wasm", 1e9, "of 4 GB");
  const later = (): Backend => {
    tried = true;
    return refuse("later")();
  };
  const broken = () => {
    throw fault;
  };
  await expect(firstAvailable([refuse("webgpu"), broken, later])).rejects.toBe(fault);
  expect(tried).toBe(false);
});

test("an OutOfMemoryError names the bytes and the remedy", () => {
  const error = new OutOfMemoryError("wasm", 157_286_400, "the limit is 128 MB");
  expect(error.bytes).toBe(157_286_400);
  expect(error.message).toBe(
    "wasm: no room for 157.3 MB (the limit is 128 MB); " +
      "try a smaller batch or context, or dispose tensors that are no longer needed",
  );
});
