import { reference } from "@muladd/backend-reference";
import { full } from "@muladd/tensor";
import { expect, test } from "vitest";
import { onDevice } from "../src/compare.ts";

test("a case that leaves a tensor on the device fails, and says which and where it was made", async () => {
  const forgetful = onDevice(
    () => reference(),
    function forgets(backend) {
      full(backend, [3, 5], 1);
    },
  );
  await expect(forgetful).rejects.toThrow(
    /^1 buffers are left on the device\nf32 \(3, 5\), made\n[\s\S]*forgets/,
  );
});
