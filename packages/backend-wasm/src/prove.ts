import {
  type Backend,
  type Dense,
  type FusedKernels,
  type Kernels,
  type PackedFormat,
  type PackedMatrix,
  pack,
  packedFormats,
  type Shape,
  type TypedArray,
  type View,
} from "@muladd/tensor";

/** A backend with every kernel. */
export type Whole = Backend & { readonly kernels: Kernels & FusedKernels };

/** Operands on a backend, freed together. */
class Operands {
  readonly #backend: Backend;
  readonly #held: Dense[] = [];
  #seed = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Numbers in (−2, 2) that no two operands share. */
  make(...shape: number[]): Dense {
    const seed = ++this.#seed;
    return this.#put(shape, (i) => 2 * Math.sin((i + 1) * (0.7 + 0.013 * seed)));
  }

  fill(value: number, ...shape: number[]): Dense {
    return this.#put(shape, () => value);
  }

  indices(n: number, below: number): Dense {
    return this.#put([n], (i) => (i * 7) % below, "i32");
  }

  packed(format: PackedFormat, rows: number, columns: number): PackedMatrix {
    const numbers = Array.from({ length: rows * columns }, (_, i) => Math.sin(0.7 * i));
    const { words, scales } = pack(format, numbers, rows, columns);
    return {
      format,
      shape: [rows, columns],
      words: this.#put([words.length], (i) => words[i]!, "i32"),
      scales: scales && this.#put([scales.length], (i) => scales[i]!),
    };
  }

  async read(x: Dense): Promise<TypedArray> {
    return this.#backend.read(x.buffer);
  }

  free(): void {
    for (const { buffer } of this.#held) this.#backend.free(buffer);
    this.#held.length = 0;
  }

  #put(shape: Shape, at: (i: number) => number, dtype: "f32" | "i32" = "f32"): Dense {
    const n = shape.reduce((a, b) => a * b, 1);
    const buffer = this.#backend.alloc(n, dtype);
    this.#backend.write(
      buffer,
      Float64Array.from({ length: n }, (_, i) => at(i)),
    );
    const x = { buffer, shape, dtype };
    this.#held.push(x);
    return x;
  }
}

const ADAMW = {
  rate: 0.01,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  decay: 0.1,
  correction1: 0.1,
  correction2: 0.01,
};

/** Runs a kernel on start-up data; answers what it wrote. */
type Case = (kernels: Kernels & FusedKernels, o: Operands) => Dense[];

const matmul =
  (m: number, k: number, n: number, transposeA: boolean, transposeB: boolean): Case =>
  (kernels, o) => {
    const a = transposeA ? o.make(2, k, m) : o.make(2, m, k);
    const b = transposeB ? o.make(2, n, k) : o.make(2, k, n);
    const out = o.fill(0, 2, m, n);
    kernels.matmul(out, a, b, { batch: 2, m, k, n, transposeA, transposeB });
    return [out];
  };

/** Sizes that meet whole tiles, narrow ones, edges, and more than one block of depth. */
const CASES: Readonly<Record<string, Case>> = {
  "product NN": matmul(53, 401, 41, false, false),
  "product NT": matmul(54, 70, 37, false, true),
  "product TN": matmul(50, 33, 40, true, false),
  "product TT": matmul(7, 12, 65, true, true),
  "product of a row": matmul(1, 75, 43, false, false),
  linear(kernels, o) {
    const out = o.fill(0, 14, 27);
    const slope = o.fill(0, 14, 27);
    const [x, weight, bias, residual] = [
      o.make(14, 30),
      o.make(27, 30),
      o.make(27),
      o.make(14, 27),
    ];
    kernels.linear(out, slope, x, weight, bias, residual, "gelu");
    return [out, slope];
  },
  packed(kernels, o) {
    return packedFormats.flatMap((format) => {
      const weight = o.packed(format, 21, 70);
      const [one, many, rows] = [o.fill(0, 1, 21), o.fill(0, 9, 21), o.fill(0, 5, 70)];
      kernels.linearPacked(one, o.make(1, 70), weight, undefined, undefined, undefined);
      kernels.linearPacked(many, o.make(9, 70), weight, o.make(21), o.make(9, 21), "gelu");
      kernels.gatherPacked(rows, weight, o.indices(5, 21));
      return [one, many, rows];
    });
  },
  gelu: elementwise("gelu"),
  geluTanh: elementwise("geluTanh"),
  softmax(kernels, o) {
    const [y, dx] = [o.fill(0, 5, 37), o.fill(0, 5, 37)];
    kernels.softmax(y, o.make(5, 37));
    kernels.softmaxGrad(dx, y, o.make(5, 37));
    return [y, dx];
  },
  layerNorm(kernels, o) {
    const [x, gain, bias, g] = [o.make(9, 45), o.make(45), o.make(45), o.make(9, 45)];
    const [y, mean, rstd] = [o.fill(0, 9, 45), o.fill(0, 9), o.fill(0, 9)];
    const [dx, dgain, dbias] = [o.fill(0, 9, 45), o.fill(0, 45), o.fill(0, 45)];
    kernels.layerNorm(y, mean, rstd, x, gain, bias, 1e-5);
    kernels.layerNormGrad(dx, dgain, dbias, x, gain, mean, rstd, g);
    return [y, mean, rstd, dx, dgain, dbias];
  },
  rmsNorm(kernels, o) {
    const [x, gain, g] = [o.make(9, 45), o.make(45), o.make(9, 45)];
    const [y, rstd, dx, dgain] = [o.fill(0, 9, 45), o.fill(0, 9), o.fill(0, 9, 45), o.fill(0, 45)];
    kernels.rmsNorm(y, rstd, x, gain, 1e-5);
    kernels.rmsNormGrad(dx, dgain, x, gain, rstd, g);
    return [y, rstd, dx, dgain];
  },
  crossEntropy(kernels, o) {
    const [logits, targets, g] = [o.make(6, 53), o.indices(6, 53), o.make(6)];
    const [losses, logSum, dlogits] = [o.fill(0, 6), o.fill(0, 6), o.fill(0, 6, 53)];
    kernels.crossEntropy(losses, logSum, logits, targets);
    kernels.crossEntropyGrad(dlogits, logits, targets, logSum, g);
    return [losses, logSum, dlogits];
  },
  swiglu(kernels, o) {
    const [gate, up, g] = [o.make(77), o.make(77), o.make(77)];
    const [y, dgate, dup] = [o.fill(0, 77), o.fill(0, 77), o.fill(0, 77)];
    kernels.swiglu(y, gate, up);
    kernels.swigluGrad(dgate, dup, gate, up, g);
    return [y, dgate, dup];
  },
  rotary(kernels, o) {
    const y = o.fill(0, 2, 7, 90);
    kernels.rotary(y, o.make(2, 7, 90), o.make(9, 28), { heads: 3, start: 2, inverse: true });
    return [y];
  },
  linearCrossEntropy(kernels, o) {
    const [hidden, weight, targets] = [o.make(60, 20), o.make(53, 20), o.indices(60, 53)];
    const [loss, dhidden, dweight] = [o.fill(0), o.fill(0, 60, 20), o.fill(0, 53, 20)];
    kernels.linearCrossEntropy(loss, dhidden, dweight, hidden, weight, targets, 0.5);
    return [loss, dhidden, dweight];
  },
  attention(kernels, o) {
    const [B, T, H, D] = [2, 37, 2, 20];
    const view = (x: Dense): View => {
      const strides = [T * H * D, H * D, D, 1];
      return { buffer: x.buffer, dtype: x.dtype, shape: [B, T, H, D], strides, offset: 0 };
    };
    const operand = () => o.make(B, T, H * D);
    const result = () => o.fill(0, B, T, H * D);
    const [q, k, v, g] = [operand(), operand(), operand(), operand()];
    const [vq, vk, vv] = [view(q), view(k), view(v)];
    return [undefined, 11].flatMap((window) => {
      const dims = { scale: 0.25, causal: true, window };
      const [out, logSum] = [result(), o.fill(0, B, H, T)];
      const [dq, dk, dv] = [result(), result(), result()];
      kernels.attention(out, logSum, vq, vk, vv, dims);
      const [wq, wk, wv] = [view(dq), view(dk), view(dv)];
      kernels.attentionGrad(wq, wk, wv, vq, vk, vv, out, logSum, g, dims);
      return [out, logSum, dq, dk, dv];
    });
  },
  squaredNorm(kernels, o) {
    const out = o.fill(0, 1);
    kernels.squaredNorm(out, [o.make(61), o.make(7, 11)]);
    return [out];
  },
  adamW(kernels, o) {
    const [p, m, v] = [o.make(53), o.make(53), o.fill(0.5, 53)];
    kernels.adamW(p, m, v, o.make(53), o.fill(0.5), ADAMW);
    return [p, m, v];
  },
};

function elementwise(op: "gelu" | "geluTanh"): Case {
  return (kernels, o) => {
    const [x, y, z, slope] = [o.make(77), o.fill(0, 77), o.fill(0, 77), o.fill(0, 77)];
    kernels[op](y, undefined, x);
    kernels[op](z, slope, x);
    return [y, z, slope];
  };
}

export type Answers = ReadonlyMap<string, readonly TypedArray[]>;

/** What the kernels compute on start-up data. Leaves nothing allocated. */
export async function answers(backend: Whole): Promise<Answers> {
  const found = new Map<string, TypedArray[]>();
  for (const [name, run] of Object.entries(CASES)) {
    const o = new Operands(backend);
    const outputs = run(backend.kernels, o);
    found.set(name, await Promise.all(outputs.map((x) => o.read(x))));
    o.free();
  }
  return found;
}

/** Which kernel's results differ by more than rounding explains; `undefined`: none. */
export function difference(found: Answers, right: Answers): string | undefined {
  for (const [name, outputs] of right)
    for (const [i, expected] of outputs.entries()) {
      const actual = found.get(name)![i]!;
      for (let j = 0; j < expected.length; j++) {
        const [a, b] = [actual[j]!, expected[j]!];
        if (!(Math.abs(a - b) <= 2e-4 * Math.max(1, Math.abs(b)))) return name;
      }
    }
  return undefined;
}

const ROUNDS = 9;

/** The median of what a product of (96, 192) · (192, 192) takes on each backend, in ms, taken in turns. */
export function race(...backends: readonly Whole[]): number[] {
  const [m, k, n] = [96, 192, 192];
  const runs = backends.map((backend) => {
    const o = new Operands(backend);
    const [out, a, b] = [o.make(m, n), o.make(m, k), o.make(k, n)];
    const times: number[] = [];
    const once = () => {
      const start = performance.now();
      // Several, since a page's clock may be coarse.
      for (let i = 0; i < 4; i++)
        backend.kernels.matmul(out, a, b, {
          batch: 1,
          m,
          k,
          n,
          transposeA: false,
          transposeB: false,
        });
      times.push(performance.now() - start);
    };
    once();
    times.length = 0;
    return { once, times, o };
  });
  for (let round = 0; round < ROUNDS; round++) for (const { once } of runs) once();
  return runs.map(({ times, o }) => {
    o.free();
    return times.sort((a, b) => a - b)[ROUNDS >> 1]! / 4;
  });
}
