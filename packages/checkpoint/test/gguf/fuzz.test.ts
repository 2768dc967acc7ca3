import fc from "fast-check";
import { expect, test } from "vitest";
import { isTensorType, TENSOR_TYPES } from "../../src/gguf/tensor-types.ts";
import { openGGUF } from "../../src/index.ts";
import { mutations, openChanged } from "../mutate.ts";
import { fixture } from "../stored-numbers.ts";

const file = fixture("all.gguf");
const bytes = await file.read(0, file.size);
/** Half of all changes are in the header, where they matter. */
const HEADER = 1100;

function bytesOf(dtype: string, numbers: number): number {
  if (!isTensorType(dtype)) return Number.NaN;
  const { block, bytes } = TENSOR_TYPES[dtype];
  return (numbers / block) * bytes;
}

test("files with damage anywhere: a FormatError, or tensors that fill their shapes", async () => {
  const outcomes = { opened: 0, refused: 0 };
  const inHeader = mutations("general.alignment\x04\0\0\0\x01\0\0\0").map(
    (mutate) => () => Buffer.concat([mutate(bytes.subarray(0, HEADER)), bytes.subarray(HEADER)]),
  );
  const anywhere = mutations().map((mutate) => () => mutate(bytes));
  await fc.assert(
    fc.asyncProperty(fc.oneof(inHeader, anywhere), async (changed) => {
      outcomes[(await openChanged(openGGUF, changed(), bytesOf)) ? "opened" : "refused"]++;
    }),
    { numRuns: 10_000, seed: 7 },
  );
  expect(outcomes.opened).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(1_000);
});
