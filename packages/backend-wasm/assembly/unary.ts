// unary: out[i] = f(x[i]) over n contiguous elements; out may be x.
// G elements/s on 400 thousand, plain / relaxed: neg, scale, shift 2.4; exp 1.0 / 1.35; tanh 1.1 / 1.45; erf 1.05 / 1.35;
// log 0.53 / 0.58; sin, cos 0.4 (2-core x86-64 (Xeon), Node 20). Wide, Node 24: exp 1.3, tanh 1.5.
import { exp4 } from "./exp_f32";
import { erf4 } from "./erf_f32";
import { log4 } from "./log_f32";
import { splat, storeTail } from "./simd";
import { tanh4 } from "./tanh_f32";
import { cos4, sin4 } from "./trig_f32";

// In the order of UNARY in src/codes.ts.
const NEG = 0;
const EXP = 1;
const LOG = 2;
const TANH = 3;
const RSQRT = 4;
const ERF = 5;
const SIN = 6;
const COS = 7;
const SCALE = 8;
const SHIFT = 9;

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128, c: v128): v128 {
  if (op == NEG) return f32x4.neg(x);
  if (op == EXP) return exp4(x);
  if (op == LOG) return log4(x);
  if (op == TANH) return tanh4(x);
  if (op == RSQRT) return f32x4.div(splat(1), f32x4.sqrt(x));
  if (op == ERF) return erf4(x);
  if (op == SIN) return sin4(x);
  if (op == COS) return cos4(x);
  if (op == SCALE) return f32x4.mul(x, c);
  return f32x4.add(x, c);
}

// @ts-ignore: decorator
@inline
function map(op: i32, out: usize, x: usize, n: u32, c: f32): void {
  const k = splat(c);
  while (n >= 8) {
    const a = apply(op, v128.load(x), k);
    const b = apply(op, v128.load(x, 16), k);
    v128.store(out, a);
    v128.store(out, b, 16);
    x += 32;
    out += 32;
    n -= 8;
  }
  while (n) {
    const a = apply(op, v128.load(x), k);
    if (n < 4) return storeTail(out, a, n);
    v128.store(out, a);
    x += 16;
    out += 16;
    n -= 4;
  }
}

export function unary_f32(op: i32, out: usize, x: usize, n: u32, c: f32): void {
  switch (op) {
    case NEG:
      return map(NEG, out, x, n, c);
    case EXP:
      return map(EXP, out, x, n, c);
    case LOG:
      return map(LOG, out, x, n, c);
    case TANH:
      return map(TANH, out, x, n, c);
    case RSQRT:
      return map(RSQRT, out, x, n, c);
    case ERF:
      return map(ERF, out, x, n, c);
    case SIN:
      return map(SIN, out, x, n, c);
    case COS:
      return map(COS, out, x, n, c);
    case SCALE:
      return map(SCALE, out, x, n, c);
    case SHIFT:
      return map(SHIFT, out, x, n, c);
  }
}

/** neg, scale and shift, in float64 so that a fractional `c` is rounded once: towards zero, modulo 2³². */
export function unary_i32(op: i32, out: usize, x: usize, n: u32, c: f64): void {
  const end = x + (<usize>n << 2);
  while (x < end) {
    const a = <f64>load<i32>(x);
    const y = op == NEG ? -a : op == SCALE ? a * c : a + c;
    store<i32>(out, <i32>(<i64>(y)));
    x += 4;
    out += 4;
  }
}
