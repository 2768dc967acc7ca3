// The module's exports: what src/kernels.ts calls.
export { adamw_f32 } from "./adamw_f32";
export { attention_f32, attention_scratch } from "./attention_f32";
export { attention_grad_f32, attention_grad_scratch } from "./attention_grad_f32";
export { binary } from "./binary";
export { copy, copy_transposed_32 } from "./copy";
export { cross_entropy_f32, cross_entropy_grad_f32 } from "./cross_entropy_f32";
export { fill_f32, fill_i32 } from "./fill";
export { gather_32, scatter_add_f32, scatter_add_i32 } from "./gather";
export { gelu_f32, gelu_grad_f32, gelu_tanh_f32, gelu_tanh_grad_f32 } from "./gelu_f32";
export { layer_norm_f32, layer_norm_grad_f32 } from "./layer_norm_f32";
export { matmul_f32, matmul_scratch } from "./matmul_f32";
export { max_f32, max_i32, sum_f32, sum_i32 } from "./reduce";
export { rms_norm_f32, rms_norm_grad_f32 } from "./rms_norm_f32";
export { select_32 } from "./select";
export { softmax_f32, softmax_grad_f32 } from "./softmax_f32";
export { unary_f32, unary_i32 } from "./unary";
export { uniform_f32 } from "./uniform_f32";
