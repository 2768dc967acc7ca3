import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { exp, full, type Leak, onLeak, tidy, watchTensors } from "@muladd/tensor";
import { expect, test } from "vitest";
import { reference } from "../src/index.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Collects until `done`, or until the collector has had every chance. */
async function collect(done: () => boolean): Promise<void> {
  for (let i = 0; i < 50 && !done(); i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a tensor that is dropped undisposed is reported once, with its shape and where it was made", async () => {
  const backend = reference();
  const leaks: Leak[] = [];
  const stop = onLeak((leak) => leaks.push(leak));
  (function forgetful() {
    full(backend, [3, 5], 1);
  })();
  (function careful() {
    using _ = full(backend, [2], 1);
    tidy(() => exp(full(backend, [4], 1)))[Symbol.dispose]();
  })();
  await collect(() => leaks.length > 0);
  stop();
  expect(leaks).toHaveLength(1);
  expect(leaks[0]).toMatchObject({ shape: [3, 5], dtype: "f32" });
  expect(leaks[0]!.site).toContain("forgetful");
  expect(backend.memory.buffers).toBe(1); // it reports, it does not free
});

test("nothing is tracked once reporting has stopped", async () => {
  const backend = reference();
  const leaks: Leak[] = [];
  onLeak((leak) => leaks.push(leak))();
  (() => void full(backend, [7], 1))();
  let collected = false;
  const canary = new FinalizationRegistry(() => {
    collected = true;
  });
  (() => canary.register({}, 0))();
  await collect(() => collected);
  canary.unregister({}); // used until here: a registry that is collected itself tells nothing
  expect(collected).toBe(true);
  expect(leaks).toEqual([]);
});

test("what is left on a device is listed with its shape and where it was made", () => {
  using backend = reference();
  using other = reference();
  const tensors = watchTensors();
  using kept = (function maker() {
    using _ = full(other, [2], 1);
    return tidy(() => exp(full(backend, [3, 5], 1)));
  })();
  const [leak, ...more] = tensors.left(backend);
  expect(more).toEqual([]);
  expect(leak).toMatchObject({ shape: kept.shape, dtype: "f32" });
  expect(leak!.site).toContain("maker");
  expect(tensors.left(other)).toEqual([]);
  kept[Symbol.dispose]();
  expect(tensors.left(backend)).toEqual([]);
  tensors.stop();
  using _ = full(backend, [7], 1);
  expect(tensors.left(backend)).toEqual([]);
});
