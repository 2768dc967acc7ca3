export type {
  Activation,
  AdamWStep,
  AttentionDims,
  Backend,
  BinaryName,
  BufferId,
  Dense,
  DType,
  FusedKernels,
  FusedName,
  Kernels,
  MatmulDims,
  MemoryUse,
  PackedFormat,
  PackedMatrix,
  ReduceName,
  RotaryDims,
  TypedArray,
  UnaryName,
  View,
} from "./backend.ts";
export {
  dispatch,
  dispatchFused,
  type Event,
  type FusedOp,
  notify,
  type Observer,
  observe,
  unobserved,
} from "./dispatch.ts";
export { BackendUnavailable, FormatError, OutOfMemoryError, ShapeError } from "./errors.ts";
export { firstAvailable } from "./first-available.ts";
export {
  add,
  cast,
  concat,
  cos,
  div,
  equal,
  erf,
  exp,
  expand,
  full,
  greaterEqual,
  iota,
  log,
  matmul,
  max,
  maximum,
  mean,
  meanAll,
  mul,
  neg,
  pad,
  permute,
  reshape,
  rsqrt,
  scatterAdd,
  select,
  sin,
  slice,
  sub,
  sum,
  sumAll,
  tanh,
  uniform,
} from "./functions.ts";
export { adamW } from "./fused/adamw.ts";
export {
  type AttentionAttrs,
  type AttentionOptions,
  attention,
  attentionGrad,
  attentionThrough,
  attentionWeights,
} from "./fused/attention.ts";
export { crossEntropy, crossEntropyGrad } from "./fused/cross-entropy.ts";
export { type GatherPackedAttrs, gather } from "./fused/gather.ts";
export { gelu, geluTanh } from "./fused/gelu.ts";
export { type FusedAttrs, fused } from "./fused/index.ts";
export { type LinearOptions, linear } from "./fused/linear.ts";
export { linearCrossEntropy } from "./fused/linear-cross-entropy.ts";
export { type LinearAttrs, linearOperands } from "./fused/linear-ending.ts";
export type { LinearPackedAttrs } from "./fused/linear-packed.ts";
export { layerNorm, layerNormGrad, rmsNorm, rmsNormGrad } from "./fused/norm.ts";
export { type RotaryOptions, rotary } from "./fused/rotary.ts";
export { softmax, softmaxGrad } from "./fused/softmax.ts";
export { squaredNorm } from "./fused/squared-norm.ts";
export { swiglu, swigluGrad } from "./fused/swiglu.ts";
export { bitsOfHalf, brainOfBits, halfOfBits } from "./half.ts";
export type { HostTensor } from "./host-tensor.ts";
export { type Leak, onLeak, watchTensors } from "./leaks.ts";
export { dispose, keep, tidy } from "./memory.ts";
export { type Attrs, type None, type Op, type OpName, ops, type Spec } from "./ops.ts";
export { type PackedRows, pack, packedBytes, packedFormats, unpack } from "./packed/formats.ts";
export { Packed } from "./packed/packed.ts";
export { fillUniform, Rng, type RngState, threefry, toUnit } from "./random.ts";
export { scatterAddTo } from "./scatter-add-to.ts";
export {
  broadcast,
  broadcastStrides,
  denseStrides,
  type Shape,
  sameShape,
  show,
  size,
} from "./shape.ts";
export { share, Tensor } from "./tensor.ts";
export { Parameter, Variable } from "./variable.ts";
