import { reference } from "@muladd/backend-reference";
import {
  type Backend,
  type Dense,
  denseStrides,
  type FusedKernels,
  type Kernels,
  size,
} from "@muladd/tensor";
import { expect, test } from "vitest";
import { type AnyOp, backendCases, type CaseKind, runCases } from "../src/index.ts";

type All = Kernels & FusedKernels;

/** A reference backend with some of its kernels, or of its methods, replaced. */
function faulty(
  kernels: (k: All, base: Backend) => Partial<All>,
  methods: (base: Backend) => Partial<Backend> = () => ({}),
): Backend {
  const base = reference();
  const k = base.kernels as All;
  return Object.create(base, {
    kernels: { value: { ...k, ...kernels(k, base) } },
    ...Object.fromEntries(Object.entries(methods(base)).map(([name, value]) => [name, { value }])),
  });
}

interface Fault {
  readonly fault: string;
  readonly create: () => Backend;
  /** The case that must fail. */
  readonly kind: CaseKind;
  readonly op?: AnyOp;
  /** What one of its failures must say. */
  readonly says: RegExp;
}

const zero = (k: All, out: Dense) => k.fill(out, 0, 0);

const faults: readonly Fault[] = [
  {
    fault: "a softmax derivative that is five times too large, which a plain sum cannot see",
    create: () =>
      faulty((k) => ({
        softmaxGrad: (dx, y, g) => {
          k.softmaxGrad(dx, y, g);
          k.unary("scale", dx, dx, 5);
        },
      })),
    kind: "gradient",
    op: "softmax",
    says: /^gradient of softmax \(3, 5\) for operand 0.*element \d+ is/,
  },
  {
    fault: "a gelu that is the tanh variant",
    create: () => faulty((k) => ({ gelu: k.geluTanh })),
    kind: "forward",
    op: "gelu",
    says: /^gelu \(1\): element 0 is 0\.9155/,
  },
  {
    fault: "an exact gelu with the derivative of the tanh variant",
    create: () =>
      faulty((k) => ({
        gelu: (out, slope, x) => {
          if (slope) k.geluTanh(out, slope, x);
          k.gelu(out, undefined, x);
        },
      })),
    kind: "gradient",
    op: "gelu",
    says: /^gradient of gelu \(1\) for operand 0/,
  },
  {
    fault: "a layer norm whose derivative stops everything upstream",
    create: () =>
      faulty((k) => ({
        layerNormGrad: (...args) => {
          k.layerNormGrad(...args);
          zero(k, args[0]);
        },
      })),
    kind: "gradient",
    op: "layerNorm",
    says: /^gradient of layerNorm .* for operand 0.*is 0, expected/,
  },
  {
    fault: "a layer norm with an epsilon of its own",
    create: () =>
      faulty((k) => ({
        layerNorm: (out, mean, rstd, x, gain, bias) =>
          k.layerNorm(out, mean, rstd, x, gain, bias, 1e-5),
      })),
    kind: "fused",
    op: "layerNorm",
    says: /^layerNorm .*"epsilon":0\.01.*: kernel: element/,
  },
  {
    fault: "an rms norm whose derivative forgets the gain's",
    create: () =>
      faulty((k) => ({
        rmsNormGrad: (...args) => {
          k.rmsNormGrad(...args);
          zero(k, args[1]);
        },
      })),
    kind: "fused",
    op: "rmsNormGrad",
    says: /^rmsNormGrad .* result 1: kernel: element 0 is 0/,
  },
  {
    fault: "a linear layer without its bias",
    create: () =>
      faulty((k) => ({
        linear: (out, slope, x, weight, _, ...rest) =>
          k.linear(out, slope, x, weight, undefined, ...rest),
      })),
    kind: "forward",
    op: "linear",
    says: /^linear \(2, 3, 5\) \(4, 5\) \(4\) .*"bias":true.*: element/,
  },
  {
    fault: "a swiglu whose derivative gives the gate what belongs to the other operand",
    create: () =>
      faulty((k) => ({
        swigluGrad: (dgate, dup, ...rest) => k.swigluGrad(dup, dgate, ...rest),
      })),
    kind: "gradient",
    op: "swiglu",
    says: /^gradient of swiglu \(\) \(\) for operand 0/,
  },
  {
    fault: "a rotary embedding that begins at position 0 always",
    create: () =>
      faulty((k) => ({
        rotary: (out, x, table, dims) => k.rotary(out, x, table, { ...dims, start: 0 }),
      })),
    kind: "forward",
    op: "rotary",
    says: /^rotary \(2, 5, 24\) \(9, 4\) .*"start":3.*: element/,
  },
  {
    fault: "a loss without logits whose gradient forgets the weight",
    create: () =>
      faulty((k) => ({
        linearCrossEntropy: (loss, dhidden, dweight, ...rest) => {
          k.linearCrossEntropy(loss, dhidden, dweight, ...rest);
          if (dweight) zero(k, dweight);
        },
      })),
    kind: "gradient",
    op: "linearCrossEntropy",
    says: /^gradient of linearCrossEntropy .* for operand 1.*is 0, expected/,
  },
  {
    fault: "an attention that sees the future",
    create: () =>
      faulty((k) => ({
        attention: (out, logSum, q, key, v, dims) =>
          k.attention(out, logSum, q, key, v, { ...dims, causal: false }),
      })),
    kind: "forward",
    op: "attention",
    says: /^attention \(2, 5, 24\) .*: element/,
  },
  {
    fault: "an attention without a gradient for the values",
    create: () =>
      faulty((k) => ({
        attentionGrad: (dq, dk, dv, ...rest) => {
          k.attentionGrad(dq, dk, dv, ...rest);
          if (dv.buffer !== dq.buffer) zero(k, dv);
        },
      })),
    kind: "fused",
    op: "attentionGrad",
    says: /^attentionGrad .* result 2: kernel: element \d+ is 0/,
  },
  {
    fault: "a cross-entropy that counts ignored targets",
    create: () =>
      faulty((k, base) => ({
        crossEntropyGrad: (dlogits, logits, targets, logSum, g) => {
          const { shape, dtype } = targets;
          const all = { buffer: base.alloc(size(shape), dtype), shape, dtype };
          zero(k, all);
          k.crossEntropyGrad(dlogits, logits, all, logSum, g);
          base.free(all.buffer);
        },
      })),
    kind: "gradient",
    op: "crossEntropy",
    says: /^gradient of crossEntropy \(2, 6, 11\).*expected 0 /m,
  },
  {
    fault: "an AdamW without decay",
    create: () =>
      faulty((k) => ({
        adamW: (p, m, v, g, scale, step) => k.adamW(p, m, v, g, scale, { ...step, decay: 0 }),
      })),
    kind: "forward",
    op: "adamW",
    says: /^adamW \(\): p after 3 steps/,
  },
  {
    fault: "a matmul that does not transpose",
    create: () =>
      faulty((k) => ({
        matmul: (out, a, b, dims) => k.matmul(out, a, b, { ...dims, transposeB: false }),
      })),
    kind: "forward",
    op: "matmul",
    says: /^matmul \(3, 4\) \(5, 4\).*"transposeB":true.*: element/,
  },
  {
    fault: "a copy that starts at the beginning",
    create: () => faulty((k) => ({ copy: (out, x) => k.copy(out, { ...x, offset: 0 }) })),
    kind: "forward",
    op: "slice",
    says: /^slice \(5\) .*"start":1.*: element/,
  },
  {
    fault: "a maximum that loses NaN",
    create: () =>
      faulty((k) => ({
        binary: (op, out, a, b) => {
          if (op !== "maximum") return k.binary(op, out, a, b);
          k.binary("greaterEqual", out, a, b);
          const { buffer, dtype, shape } = out;
          k.select(out, { buffer, dtype, shape, strides: denseStrides(shape), offset: 0 }, a, b);
        },
      })),
    kind: "forward",
    op: "maximum",
    says: /^maximum: NaN wins, on either side: element 0 is 1, expected NaN/,
  },
  {
    fault: "a scatterAdd that drops its last row",
    create: () =>
      faulty((k, base) => ({
        scatterAdd: (out, rows, ids) => {
          const count = size(ids.shape);
          const most = {
            buffer: base.alloc(count, "i32"),
            dtype: "i32",
            shape: ids.shape,
          } as const;
          const window = { shape: [Math.max(0, count - 1)], strides: [1], offset: 0 };
          k.fill(most, -1, 0);
          k.copy({ ...most, ...window }, { buffer: ids.buffer, dtype: "i32", ...window });
          k.scatterAdd(out, rows, most);
          base.free(most.buffer);
        },
      })),
    kind: "gradient",
    op: "gather",
    says: /^gradient of gather \(7, 3\) \(2, 4\) for operand 0/,
  },
  {
    fault: "random numbers of the next counter",
    create: () =>
      faulty((k) => ({ uniform: (out, key, counter) => k.uniform(out, key, counter + 1) })),
    kind: "forward",
    op: "uniform",
    says: /^uniform .*"counter":0}: element 0 is/,
  },
  {
    fault: "a kernel that leaks a buffer",
    create: () =>
      faulty((k, base) => ({
        unary: (op, ...args) => {
          if (op === "exp") base.alloc(1, "f32");
          k.unary(op, ...args);
        },
      })),
    kind: "forward",
    op: "exp",
    says: /^\d+ buffers are left on the device$/,
  },
  {
    fault: "a free that does not free",
    create: () =>
      faulty(
        () => ({}),
        () => ({ free: () => {} }),
      ),
    kind: "memory",
    says: /^after disposing twice: 1 buffers live, expected 0/,
  },
  {
    fault: "an allocator that gives out what is in use",
    create: () =>
      faulty(
        () => ({}),
        (base) => {
          const pool: number[] = [];
          return {
            alloc: (elements, dtype) => {
              if (elements !== 1000) return base.alloc(elements, dtype);
              const buffer = pool.length < 8 ? base.alloc(elements, dtype) : pool.shift()!;
              pool.push(buffer);
              return buffer;
            },
            free: (buffer) => {
              if (!pool.includes(buffer)) base.free(buffer);
            },
          };
        },
      ),
    kind: "order",
    says: /^round 0: element 0 is/,
  },
  {
    fault: "a read that comes after later work",
    create: () =>
      faulty(
        () => ({}),
        (base) => ({
          read: async (buffer) => {
            await null;
            return base.read(buffer);
          },
        }),
      ),
    kind: "order",
    says: /^an earlier reading|^reading 0|is not allocated/,
  },
];

for (const { fault, create, kind, op, says } of faults)
  test(`finds ${fault}`, async () => {
    const chosen = [...backendCases(create)].filter((c) => c.kind === kind && c.op === op);
    expect(chosen.length).toBeGreaterThan(0);
    const { failures } = await runCases(chosen);
    expect(failures.map((f) => f.failure!.message)).toContainEqual(expect.stringMatching(says));
  });

test("an exception lets its case fail and says why", async () => {
  const create = () => faulty((k) => ({ gelu: k.geluTanh }));
  const exceptions = { gelu: { forward: "the device has no erf" } };
  const chosen = [...backendCases(create, { exceptions })].filter(
    (c) => c.kind === "forward" && c.op === "gelu",
  );
  const summary = await runCases(chosen);
  expect(summary.failures).toEqual([]);
  expect(summary.exceptions[0]?.report?.excepted).toMatchObject({
    reason: "the device has no erf",
    failure: expect.stringMatching(
      /^gelu \(2, 3\): element \d+ is .*, expected .*\(error .* > 0\.00001\)/m,
    ),
  });
});

test("an exception that is not needed is an error", async () => {
  const exceptions = { gelu: { forward: "once it failed" } };
  const cases = backendCases(() => reference(), { exceptions });
  const { failures } = await runCases([...cases].filter((c) => c.name === "forward: gelu"));
  expect(failures[0]?.failure?.message).toMatch(/gelu passes, yet it is an exception/);
});

test("the summary has a row an op with the worst error of each kind", async () => {
  const create = () => faulty((k) => ({ geluTanh: k.gelu }));
  const wanted: readonly (AnyOp | undefined)[] = ["add", "gelu", "geluTanh"];
  const seen: string[] = [];
  const { rows, others, failures, passed } = await runCases(
    [...backendCases(create)].filter((c) => wanted.includes(c.op) && c.op),
    (result) => seen.push(result.case.name),
  );
  expect(rows.map((r) => [r.op, r.ok])).toEqual([
    ["add", true],
    ["gelu", true],
    ["geluTanh", false],
  ]);
  expect(rows[1]!.forward).toBeGreaterThan(0);
  expect(rows[1]!.forward).toBeLessThan(1e-5);
  expect(rows[1]!.fused).toBeLessThan(1e-4);
  expect(rows[0]!.fused).toBeUndefined();
  expect(others).toEqual([]);
  expect(passed + failures.length).toBe(8);
  expect(seen).toHaveLength(8);
});

test("a backend without kernels says so instead of comparing a composition with itself", async () => {
  const cases = backendCases(() => reference({ fused: false }));
  const chosen = [...cases].filter((c) => c.kind === "fused");
  const { rows, failures } = await runCases(chosen);
  expect(failures).toEqual([]);
  expect(rows.every((row) => row.fused === undefined)).toBe(true);
});
