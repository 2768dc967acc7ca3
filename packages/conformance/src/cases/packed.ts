import {
  type Activation,
  type Backend,
  gather,
  linear,
  Packed,
  type PackedFormat,
  packedFormats,
  Rng,
  type Shape,
  size,
  Tensor,
  tidy,
} from "@muladd/tensor";
import { composed, take } from "../apply.ts";
import type { Case, Create } from "../case.ts";
import { dotProduct, type Evidence, FORWARD, onDevice } from "../compare.ts";
import { oracle } from "../differences.ts";

type PackedOp = "linearPacked" | "gatherPacked";

/** Beside the multiples of a group of 32, of a vector and of a panel; the last are wide and long enough for threads. */
const MATRICES: readonly (readonly [rows: number, columns: number])[] = [
  [1, 1],
  [5, 31],
  [130, 32],
  [5, 33],
  [130, 70],
  [1, 70],
  [261, 160],
];
/** Rows of x: one, as when text is generated, a few, and those of a prompt. */
const INPUTS = [1, 3, 5, 40];

interface Ending {
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation?: Activation;
}
const ENDINGS: readonly Ending[] = [
  { bias: false, residual: false },
  { bias: true, residual: false, activation: "geluTanh" },
  { bias: true, residual: true },
  { bias: false, residual: true, activation: "gelu" },
];

/** Both kernels in each format, against float64 on the numbers that the packed ones stand for, and so their compositions. */
export const packedCases = (create: Create): Case[] =>
  packedFormats.flatMap((format) => [
    packedCase("linearPacked", format, create, checkLinear),
    packedCase("gatherPacked", format, create, checkGather),
  ]);

type Check = (format: PackedFormat, backend: Backend, evidence: Evidence) => Promise<void>;

const packedCase = (op: PackedOp, format: PackedFormat, create: Create, check: Check): Case => ({
  name: `packed: ${op} ${format}`,
  kind: "forward",
  op,
  run: () => onDevice(create, (backend, evidence) => check(format, backend, evidence)),
});

/** Magnitudes from 2⁻²⁰, which f16 holds as subnormals, to 2, and a group of zeros. */
function numbers(rng: Rng, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const x = 4 * rng.uniform() - 2;
    if (i % 96 >= 64) return 0;
    return i % 7 === 0 ? x * 2 ** -(rng.uniform() * 19) : x;
  });
}

async function packedOf(
  backend: Backend,
  format: PackedFormat,
  shape: readonly [number, number],
  rng: Rng,
): Promise<{ weight: Packed; wide: Float32Array }> {
  const weight = new Packed(backend, format, shape);
  const half = Math.floor(shape[0] / 2);
  const data = numbers(rng, size(shape));
  weight.write(data.subarray(half * shape[1]), half); // in two parts, the later rows first
  weight.write(data.subarray(0, half * shape[1]));
  return { weight, wide: await weight.data() };
}

async function checkLinear(
  format: PackedFormat,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  using truth = oracle();
  let at = 0;
  for (const shape of MATRICES) {
    const rng = Rng.at(at, "linearPacked", shape[0]);
    const made = await packedOf(backend, format, shape, rng);
    using weight = made.weight;
    const [rows, columns] = shape;
    for (const count of INPUTS) {
      const ending = ENDINGS[at++ % ENDINGS.length]!;
      const x = numbers(rng, count * columns);
      const bias = ending.bias ? numbers(rng, rows) : undefined;
      const residual = ending.residual ? numbers(rng, count * rows) : undefined;
      const on = (device: Backend, by: (device: Backend) => Tensor | Packed) =>
        values(() => {
          const up = (data: Float32Array, s: Shape) => Tensor.from(device, data, s);
          return linear(up(x, [count, columns]), by(device), bias && up(bias, [rows]), {
            activation: ending.activation,
            residual: residual && up(residual, [count, rows]),
          });
        });
      const expected = await on(truth, (device) => Tensor.from(device, made.wide, shape));
      const title = `linear ${format} (${count}, ${columns}) by (${shape}) ${JSON.stringify(ending)}`;
      const tolerance = dotProduct(columns);
      evidence.compare(title, await on(backend, () => weight), expected, tolerance);
      if (count !== 3) continue;
      const composition = await composed(() => on(backend, () => weight));
      evidence.compare(`${title}: composition`, composition, expected, tolerance);
    }
  }
}

async function checkGather(
  format: PackedFormat,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  for (const shape of MATRICES) {
    const [rows, columns] = shape;
    const made = await packedOf(backend, format, shape, Rng.at(0, "gatherPacked", rows));
    using table = made.weight;
    const ids = Int32Array.from([rows - 1, 0, -1, rows, Math.floor(rows / 2), 0]);
    const expected = Array.from(ids, (id) =>
      id < 0 || id >= rows
        ? new Float32Array(columns).fill(Number.NaN)
        : made.wide.subarray(id * columns, (id + 1) * columns),
    ).flatMap((row) => [...row]);
    const run = () => values(() => gather(table, Tensor.from(backend, ids, [2, 3])));
    const title = `gather ${format} from (${shape})`;
    evidence.compare(title, await run(), expected, FORWARD);
    evidence.compare(`${title}: composition`, await composed(run), expected, FORWARD);
  }
}

const values = async (body: () => Tensor) => (await take([tidy(body)]))[0]!;
