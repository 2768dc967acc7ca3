import fc from "fast-check";
import { expect, test } from "vitest";
import { BYTES, isPlain } from "../../src/dtypes.ts";
import { openTorch } from "../../src/index.ts";
import { openZip } from "../../src/torch/zip.ts";
import { mutations, openChanged } from "../mutate.ts";
import { fixture } from "../stored-numbers.ts";
import { zip } from "./archive.ts";

const files = await Promise.all(
  ["torch-strided.pt", "torch-legacy.bin"]
    .map((name) => fixture(name))
    .map((f) => f.read(0, f.size)),
);
const entries = await Promise.all(
  ["torch-checkpoint.pt", "torch-protocol-5.pt"].map(async (name) => {
    const found = [...(await openZip(fixture(name))).values()];
    const contents = found.map(async (entry) => [entry.name, await entry.read()] as const);
    return Object.fromEntries(await Promise.all(contents));
  }),
);

/** Pieces of programs: calls, marks, memos, names that do harm. */
const opcodes = [
  ..."(0123)]}.NRQabehjlqrstu\x85\x86\x87\x8f\x90\x91\x93\x94",
  "cos\nsystem\n",
  "cbuiltins\neval\n",
  "ccollections\nOrderedDict\n)R",
  "\x8c\x02os\x8c\x06system\x93",
  "h\0h\0a",
  "K\x7f\x85",
  "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
  "X\xff\xff\xff\x7f",
];
const bytesOf = (dtype: string, numbers: number) =>
  isPlain(dtype) ? numbers * BYTES[dtype] : Number.NaN;

/** Counts outcomes, so that a test of errors alone, or of none, fails. */
async function fuzz(changed: fc.Arbitrary<Uint8Array>) {
  const outcomes = { opened: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(changed, async (bytes) => {
      outcomes[(await openChanged(openTorch, bytes, bytesOf)) ? "opened" : "refused"]++;
    }),
    { numRuns: 5_000, seed: 7 },
  );
  expect(outcomes.opened).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(1_000);
}

test("files with damage anywhere: a FormatError, or tensors that fill their shapes", () =>
  fuzz(fc.tuple(fc.constantFrom(...files), mutations()).map(([bytes, mutate]) => mutate(bytes))));

test("pickles with damage in whole archives: a FormatError, or tensors that fill their shapes", () =>
  fuzz(
    fc.tuple(fc.constantFrom(...entries), mutations(...opcodes)).map(([all, mutate]) => {
      const changed = Object.entries(all).map(([name, bytes]) => [
        name,
        name.endsWith("data.pkl") ? mutate(bytes) : bytes,
      ]);
      return zip(Object.fromEntries(changed));
    }),
  ));
