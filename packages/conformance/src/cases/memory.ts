import { valueAndGrad } from "@muladd/autograd";
import {
  adamW,
  attention,
  type Backend,
  crossEntropy,
  dispose,
  exp,
  full,
  gelu,
  layerNorm,
  linear,
  matmul,
  meanAll,
  mul,
  OutOfMemoryError,
  Parameter,
  Rng,
  reshape,
  Tensor,
  tidy,
  uniform,
  Variable,
} from "@muladd/tensor";
import type { Case, Create } from "../case.ts";
import { type Evidence, onDevice } from "../compare.ts";

const remembered = (name: string, create: Create, body: Parameters<typeof onDevice>[1]): Case => ({
  name: `memory: ${name}`,
  kind: "memory",
  run: () => onDevice(create, body),
});

const buffers = (evidence: Evidence, backend: Backend, when: string, expected: number): void => {
  const { buffers: actual } = backend.memory;
  evidence.expect(actual === expected, `${when}: ${actual} buffers live, expected ${expected}`);
};

/** What is allocated is freed, once, and neither too early nor too late. */
export const memoryCases = (create: Create): Case[] => [
  remembered("tidy frees all but its result", create, async (backend, evidence) => {
    using x = Tensor.from(backend, [1, 2, 3]);
    buffers(evidence, backend, "before", 1);
    using y = tidy(() => {
      const z = tidy(() => exp(mul(x, 2)));
      return mul(exp(z), x);
    });
    buffers(evidence, backend, "after", 2);
    evidence.expect(!y.disposed, "the result was disposed");
  }),
  remembered("tidy frees everything when its body throws", create, (backend, evidence) => {
    using x = Tensor.from(backend, [1, 2, 3]);
    const stop = new Error("stop");
    try {
      tidy(() => {
        exp(mul(x, 2));
        tidy(() => {
          exp(x);
          throw stop;
        });
      });
      evidence.fail("the exception was swallowed");
    } catch (error) {
      evidence.expect(error === stop, `another exception arrived: ${error}`);
    }
    buffers(evidence, backend, "after the exception", 1);
  }),
  remembered(
    "disposing twice is harmless, using what was disposed is an error",
    create,
    (backend, evidence) => {
      const x = Tensor.from(backend, [1, 2]);
      x[Symbol.dispose]();
      x[Symbol.dispose]();
      buffers(evidence, backend, "after disposing twice", 0);
      try {
        exp(x);
        evidence.fail("an op took a disposed tensor");
      } catch (error) {
        evidence.expect(/disposed/.test(String(error)), `the error does not say so: ${error}`);
      }
    },
  ),
  remembered(
    "reshape shares memory, which goes with its last owner",
    create,
    async (backend, evidence) => {
      const x = Tensor.from(backend, [1, 2, 3, 4]);
      const y = reshape(x, [2, 2]);
      buffers(evidence, backend, "with two owners", 1);
      x[Symbol.dispose]();
      buffers(evidence, backend, "with one owner", 1);
      evidence.compare("the second owner", await y.data(), [1, 2, 3, 4], 0);
      y[Symbol.dispose]();
      buffers(evidence, backend, "without owners", 0);
    },
  ),
  remembered(
    "store does not write memory that another tensor shares",
    create,
    async (backend, evidence) => {
      using cell = Parameter.of(backend, [1, 2, 3], [3]);
      using other = reshape(cell, [3, 1]);
      tidy(() => cell.store(Tensor.from(backend, [9]), 0, 1));
      evidence.compare("the other tensor", await other.data(), [1, 2, 3], 0);
      evidence.compare("the cell", await cell.data(), [1, 9, 3], 0);
    },
  ),
  remembered("bytes and the peak are counted", create, (backend, evidence) => {
    const start = backend.memory.bytes;
    const a = full(backend, [1000], 1);
    const elementBytes = (backend.memory.bytes - start) / 1000; // 8 on a float64 backend
    evidence.expect(
      elementBytes === 4 || elementBytes === 8,
      `1000 elements took ${backend.memory.bytes - start} bytes`,
    );
    const b = full(backend, [500], 1);
    const held = backend.memory.bytes;
    dispose([a, b]);
    evidence.expect(backend.memory.bytes === start, "freeing did not give the bytes back");
    evidence.expect(backend.memory.peakBytes >= held, "the peak is below what was held");
  }),
  remembered("a gradient leaves the value and the gradients", create, (backend, evidence) => {
    const model = new Model(backend);
    const before = backend.memory.buffers;
    const { value, grads } = valueAndGrad(() => model.loss(), model.parameters);
    buffers(evidence, backend, "with value and gradients", before + 1 + model.parameters.length);
    dispose([value, grads]);
    buffers(evidence, backend, "after disposing them", before);
    model[Symbol.dispose]();
  }),
  remembered("a gradient whose function throws leaves nothing", create, (backend, evidence) => {
    const model = new Model(backend);
    const before = backend.memory.buffers;
    try {
      valueAndGrad(() => {
        model.loss();
        throw new Error("stop");
      }, model.parameters);
      evidence.fail("the exception was swallowed");
    } catch {
      buffers(evidence, backend, "after the exception", before);
    }
    model[Symbol.dispose]();
  }),
  remembered("training holds as much in every step", create, async (backend, evidence) => {
    const model = new Model(backend);
    let steady: { buffers: number; bytes: number; peakBytes: number } | undefined;
    const losses: number[] = [];
    for (let step = 1; step <= 5; step++) {
      using loss = tidy(() => {
        const { value, grads } = valueAndGrad(() => model.loss(), model.parameters);
        model.update(grads, step);
        return value;
      });
      losses.push(await loss.item());
      const now = { ...backend.memory, peakBytes: backend.memory.peakBytes };
      if (step === 2) steady = now;
      else if (steady)
        for (const key of ["buffers", "bytes", "peakBytes"] as const)
          evidence.expect(
            now[key] === steady[key],
            `step ${step}: ${now[key]} ${key}, in step 2 ${steady[key]}`,
          );
    }
    evidence.expect(losses[4]! < losses[0]!, `the loss went from ${losses[0]} to ${losses[4]}`);
    model[Symbol.dispose]();
  }),
  remembered(
    "random numbers are made on the device, one draw a tensor",
    create,
    async (backend, evidence) => {
      const rng = new Rng(42);
      using a = uniform(backend, [100], rng);
      using b = uniform(backend, [100], rng);
      const [x, y] = await Promise.all([a.data(), b.data()]);
      evidence.expect(
        x.every((v) => v >= 0 && v < 1),
        "a number is outside [0, 1)",
      );
      evidence.expect(
        x.every((v, i) => v !== y[i]),
        "two draws are alike",
      );
      using c = uniform(backend, [100], Rng.from({ key: rng.key, counter: 0 }));
      evidence.compare("the first draw again", await c.data(), x, 0);
    },
  ),
  remembered(
    "an allocation beyond the limit is an OutOfMemoryError that names the bytes",
    create,
    (backend, evidence) => {
      const elements = backend.limits.maxBufferBytes * 4;
      try {
        backend.alloc(elements, "f32");
        evidence.fail(`${elements} elements were allocated`);
      } catch (error) {
        evidence.expect(
          error instanceof OutOfMemoryError && error.bytes >= elements * 4,
          `it threw ${error}`,
        );
      }
      buffers(evidence, backend, "after the refusal", 0);
      using after = full(backend, [3], 1);
      evidence.expect(!after.disposed, "nothing can be allocated after a refusal");
    },
  ),
];

/** Embedded by hand: an attention layer, a perceptron, a norm and a loss, on fixed numbers. */
class Model implements Disposable {
  readonly parameters: readonly Parameter[];
  readonly #moments: readonly (readonly [Variable, Variable])[];
  readonly #x: Tensor;
  readonly #targets: Tensor;

  constructor(backend: Backend) {
    const rng = new Rng(1);
    const parameter = (...shape: number[]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return Parameter.of(
        backend,
        rng.normals(length).map((v) => v / 4),
        shape,
      );
    };
    this.parameters = [
      parameter(24, 8),
      parameter(8),
      parameter(8),
      parameter(16, 8),
      parameter(16),
      parameter(16, 5),
    ];
    this.#moments = this.parameters.map((p) => {
      const zeros = () => {
        using t = full(backend, p.shape, 0);
        return new Variable(t);
      };
      return [zeros(), zeros()];
    });
    this.#x = Tensor.from(backend, rng.normals(2 * 4 * 8), [2, 4, 8]);
    this.#targets = Tensor.from(backend, Int32Array.of(0, 1, 2, 3, 4, -1, 1, 2), [8]);
  }

  loss(): Tensor {
    const [qkv, gain, bias, up, upBias, head] = this.parameters as [
      Parameter,
      Parameter,
      Parameter,
      Parameter,
      Parameter,
      Parameter,
    ];
    const mixed = attention([linear(this.#x, qkv)], { heads: 2 });
    const hidden = gelu(linear(layerNorm(mixed, gain, bias), up, upBias));
    const logits = matmul(reshape(hidden, [8, 16]), head);
    return meanAll(crossEntropy(logits, this.#targets));
  }

  update(grads: ReadonlyMap<Tensor, Tensor>, step: number): void {
    const { backend } = this.#x;
    const scale = full(backend, [], 1);
    for (const [i, p] of this.parameters.entries()) {
      const [m, v] = this.#moments[i]!;
      adamW(p, m, v, grads.get(p)!, scale, {
        rate: 0.01,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        decay: 0,
        correction1: 1 - 0.9 ** step,
        correction2: 1 - 0.99 ** step,
      });
    }
  }

  [Symbol.dispose](): void {
    dispose([this.parameters, this.#moments, this.#x, this.#targets]);
  }
}
