import type { Shape } from "./shape.ts";

/** Element types. "f32" is 32-bit float (64-bit on the float64 oracle), "i32" a 32-bit signed integer. */
export type DType = "f32" | "i32";

/** What a device hands to the host. The float64 oracle answers with `Float64Array` for "f32". */
export type TypedArray = Float32Array | Float64Array | Int32Array;

/** A backend's name for a piece of device memory. Opaque outside the backend. */
export type BufferId = number;

/** A dense, row-major operand. */
export interface Dense {
  readonly buffer: BufferId;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A strided window onto a buffer; stride 0 repeats. Units: elements. */
export interface View extends Dense {
  readonly strides: readonly number[];
  readonly offset: number;
}

export type UnaryName =
  | "neg"
  | "exp"
  | "log"
  | "tanh"
  | "rsqrt"
  | "erf"
  | "sin"
  | "cos"
  | "scale"
  | "shift";
export type BinaryName = "add" | "sub" | "mul" | "div" | "maximum" | "greaterEqual" | "equal";
export type ReduceName = "sum" | "max";

/** `batch` products (m, k) · (k, n) → (m, n); a transposed operand is stored the other way round. */
export interface MatmulDims {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** How keys and values are laid out over heads, and which of them a query sees. */
export interface AttentionDims {
  /** Factor on q·k before the softmax; 1/√D unless a family says otherwise. */
  readonly scale: number;
  /** True: query i of T sees keys 0 … S − T + i of S. False: every query sees every key. */
  readonly causal: boolean;
  /** Of causal attention: query i sees only the last `window` of those keys, its own included. Absent: all. */
  readonly window?: number | undefined;
}

/** Functions of one number that a linear layer may end in. */
export type Activation = "gelu" | "geluTanh";

/** How a packed matrix stores its numbers: see packed/formats.ts. */
export type PackedFormat = "f16" | "bf16" | "int8" | "int4";

/** A matrix of packed numbers, in rows of whole groups of 32 columns; what is beyond its columns is 0. */
export interface PackedMatrix {
  readonly format: PackedFormat;
  readonly shape: readonly [rows: number, columns: number];
  /** i32 (rows, words of a row). */
  readonly words: Dense;
  /** f32 (rows, groups of 32): the factor of a group's whole numbers; absent for f16 and bf16. */
  readonly scales: Dense | undefined;
}

/** Which columns of x are turned, and by which rows of the table. */
export interface RotaryDims {
  /** Heads turned, from the first column on. */
  readonly heads: number;
  /** Row of the table for the first row of x. */
  readonly start: number;
  /** Turns by the opposite angles. */
  readonly inverse: boolean;
}

/** One AdamW step's numbers. Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101 */
export interface AdamWStep {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decay: number;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ at step t = 1, 2, …: the moments start at zero and are biased towards it. */
  readonly correction1: number;
  readonly correction2: number;
}

/**
 * The instruction set: ten kernels train a GPT. Kernels write into `out`, never allocate, never block, take effect in
 * dispatch order, and accept sizes 0 and 1. `out` never overlaps an input, except where a comment says so.
 */
export interface Kernels {
  /** out[i] = start + step · i, over the whole buffer in row-major order. f32, i32. */
  fill(out: Dense, start: number, step: number): void;
  /** Strided to strided, equal shapes; converts between dtypes (f32 → i32 truncates and saturates, NaN → 0). */
  copy(out: View, x: View): void;
  /**
   * f32; `neg`, `scale` and `shift` also i32, modulo 2³² (`scale` where float64 holds the product, as by a power of two).
   * `c` is the constant of `scale` (x · c) and `shift` (x + c).
   */
  unary(op: UnaryName, out: Dense, x: Dense, c: number): void;
  /** Operands have the shape of `out` (stride 0 where broadcast). f32, i32 (no `div`); comparisons give 1 or 0. */
  binary(op: BinaryName, out: Dense, a: View, b: View): void;
  /** out = mask ≠ 0 ? a : b. Operands have the shape of `out`; the mask's dtype is free. */
  select(out: Dense, mask: View, a: View, b: View): void;
  /** `x` seen as (outer, n, inner); reduces n. An empty sum is 0, an empty max −∞; NaN propagates. f32, i32. */
  reduce(
    op: ReduceName,
    out: Dense,
    x: Dense,
    dims: readonly [outer: number, n: number, inner: number],
  ): void;
  /** f32. k = 0 gives zeros. */
  matmul(out: Dense, a: Dense, b: Dense, dims: MatmulDims): void;
  /** table (V, C), ids (…) i32 → (…, C). An id outside 0 … V−1 gives a row of NaN (f32) or 0 (i32). */
  gather(out: Dense, table: Dense, ids: Dense): void;
  /** out (V, C) += rows (…, C) at ids (…) i32, in row order. An id outside 0 … V−1 is ignored. */
  scatterAdd(out: Dense, rows: Dense, ids: Dense): void;
  /** f32 in [0, 1), a multiple of 2⁻²⁴, the same bits on every backend: see `threefry` in random.ts. */
  uniform(out: Dense, key: readonly [number, number], counter: number): void;
}

/**
 * Fast paths. A backend may have any subset; a missing one is composed from {@link Kernels}. All f32. An output that may be
 * `undefined` is asked for only where a gradient is recorded.
 */
export interface FusedKernels {
  /** Over the last axis. y = exp(x − max x) / Σ. */
  softmax(out: Dense, x: Dense): void;
  /** dx = y ∘ (g − Σ g∘y). */
  softmaxGrad(dx: Dense, y: Dense, g: Dense): void;
  /** ½x(1 + erf(x/√2)); `slope`: its derivative at x, where one is asked for. */
  gelu(out: Dense, slope: Dense | undefined, x: Dense): void;
  /** ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
  geluTanh(out: Dense, slope: Dense | undefined, x: Dense): void;
  /** gate / (1 + e^−gate) ∘ up. */
  swiglu(out: Dense, gate: Dense, up: Dense): void;
  /** With σ = 1 / (1 + e^−gate): dgate = g∘up∘σ(1 + gate(1 − σ)), dup = g∘gate∘σ. */
  swigluGrad(dgate: Dense, dup: Dense, gate: Dense, up: Dense, g: Dense): void;
  /** x (…, C) → out (…, C) and per row the mean and 1/√(var + ε), each (…). gain, bias (C). */
  layerNorm(
    out: Dense,
    mean: Dense,
    rstd: Dense,
    x: Dense,
    gain: Dense,
    bias: Dense | undefined,
    epsilon: number,
  ): void;
  /** dgain = Σ_rows g∘x̂, dbias = Σ_rows g (absent when there is no bias). */
  layerNormGrad(
    dx: Dense,
    dgain: Dense,
    dbias: Dense | undefined,
    x: Dense,
    gain: Dense,
    mean: Dense,
    rstd: Dense,
    g: Dense,
  ): void;
  /** y = x / √(mean x² + ε) ∘ gain; rstd (…) is 1/√(mean x² + ε). */
  rmsNorm(out: Dense, rstd: Dense, x: Dense, gain: Dense, epsilon: number): void;
  rmsNormGrad(dx: Dense, dgain: Dense, x: Dense, gain: Dense, rstd: Dense, g: Dense): void;
  /** logits (…, V), targets (…) i32 → losses (…) = logSum − logit[target] nats, 0 where target < 0, NaN where target ≥ V; logSum (…) = log Σ exp. */
  crossEntropy(losses: Dense, logSum: Dense, logits: Dense, targets: Dense): void;
  /** dlogits = g ∘ (exp(logits − logSum) − onehot(target)), 0 where target < 0. g (…). */
  crossEntropyGrad(dlogits: Dense, logits: Dense, targets: Dense, logSum: Dense, g: Dense): void;
  /**
   * act(x (…, I) · weight (O, I)ᵀ + bias (O)) + residual (…, O) → (…, O). `slope` (…, O): the derivative of the activation
   * where it was taken; asked for only with an activation.
   */
  linear(
    out: Dense,
    slope: Dense | undefined,
    x: Dense,
    weight: Dense,
    bias: Dense | undefined,
    residual: Dense | undefined,
    activation: Activation | undefined,
  ): void;
  /** As `linear` without a slope, by a packed weight (O, I), whose numbers are widened to f32 and summed in f32. */
  linearPacked(
    out: Dense,
    x: Dense,
    weight: PackedMatrix,
    bias: Dense | undefined,
    residual: Dense | undefined,
    activation: Activation | undefined,
  ): void;
  /** As `gather`, from a packed table (V, C): ids (…) i32 → (…, C), NaN for an id outside of it. */
  gatherPacked(out: Dense, table: PackedMatrix, ids: Dense): void;
  /**
   * hidden (…, C), weight (V, C), targets (…) i32 → loss () = scale · Σ of the losses that `crossEntropy` gives for the
   * logits hidden · weightᵀ, and where they are wanted its gradients: with dlogits = scale · (softmax − onehot(target)), 0
   * where target < 0, dhidden = dlogits · weight and dweight = dlogitsᵀ · hidden. Both are given or neither.
   */
  linearCrossEntropy(
    loss: Dense,
    dhidden: Dense | undefined,
    dweight: Dense | undefined,
    hidden: Dense,
    weight: Dense,
    targets: Dense,
    scale: number,
  ): void;
  /**
   * out, x (B, T, W), table (P, D). In each of the first `heads` heads of D columns, with c and s in columns i and i + D/2 of
   * row start + t: outᵢ = c·xᵢ − s·xᵢ₊D/2 and outᵢ₊D/2 = c·xᵢ₊D/2 + s·xᵢ; −s for s when `inverse`. Other columns are copied.
   */
  rotary(out: Dense, x: Dense, table: Dense, dims: RotaryDims): void;
  /**
   * out (B, T, H·D), logSum (B, H, T) ← q (B, T, H, D), k and v (B, S, K, D) as views, so that packed projections and
   * caches are read in place; the last axis has stride 1. Query head h reads key head ⌊h / (H/K)⌋. Dao 2022, https://arxiv.org/abs/2205.14135
   */
  attention(out: Dense, logSum: Dense, q: View, k: View, v: View, dims: AttentionDims): void;
  /** Writes dq, dk, dv (each of the shape of its operand) from g (B, T, H·D). */
  attentionGrad(
    dq: View,
    dk: View,
    dv: View,
    q: View,
    k: View,
    v: View,
    out: Dense,
    logSum: Dense,
    g: Dense,
    dims: AttentionDims,
  ): void;
  /** out () ← Σ x² over all elements of all operands. */
  squaredNorm(out: Dense, xs: readonly Dense[]): void;
  /**
   * In place: the only kernel that writes its inputs. With ĝ = g · gradScale (a scalar): m ← β₁m + (1−β₁)ĝ,
   * v ← β₂v + (1−β₂)ĝ², p ← p(1 − rate·decay) − rate · (m/c₁) / (√(v/c₂) + ε). When gradScale is NaN nothing changes.
   */
  adamW(p: Dense, m: Dense, v: Dense, g: Dense, gradScale: Dense, step: AdamWStep): void;
}

export type FusedName = keyof FusedKernels;

/** What a backend holds now, and at its worst. Bytes count what was asked for, not the allocator's rounding. */
export interface MemoryUse {
  readonly buffers: number;
  readonly bytes: number;
  readonly peakBytes: number;
}

/** Memory and arithmetic. A third party's backend implements this and passes `@muladd/conformance`. */
export interface Backend extends Disposable {
  readonly name: string;
  readonly limits: {
    readonly maxBufferBytes: number;
    /** Of all buffers together; absent where only the machine bounds it. */
    readonly maxBytes?: number;
  };
  readonly memory: MemoryUse;
  readonly kernels: Kernels & Partial<FusedKernels>;
  /** Contents are undefined until written. Throws {@link OutOfMemoryError} with the bytes asked for. */
  alloc(elements: number, dtype: DType): BufferId;
  /** Takes effect after the work already dispatched on the buffer. */
  free(buffer: BufferId): void;
  /** Copies `data` in, from element 0. */
  write(buffer: BufferId, data: ArrayLike<number>): void;
  /** Resolves after all earlier work is done; rejects with the device's first error. */
  read(buffer: BufferId): Promise<TypedArray>;
}
