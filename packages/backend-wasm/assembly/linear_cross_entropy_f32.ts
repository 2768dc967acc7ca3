// What linearCrossEntropy does beside its products (src/linear-cross-entropy.ts), on a tile of logits: rows of V. A row's
// loss is log Σ exp − logit[target] in nats, 0 where target < 0, NaN where target ≥ V. Its gradient takes the place of the
// logits: scale · (softmax − onehot(target)), 0 where target < 0. G logits/s of losses alone, and with the gradient (in
// brackets by cross_entropy_f32 and its gradient, which take every exp twice), plain, relaxed and wide:
//   V = 65      0.76, 0.67 (0.44)   0.93, 0.84 (0.59)   1.03, 1.03 (0.59)
//   V = 50,257  0.97, 0.91 (0.50)   1.30, 1.21 (0.67)   1.44, 1.56 (0.73)
// (2-core x86-64 (Xeon), one of them, plain and relaxed Node 20, wide Node 24).
import { sumExp } from "./cross_entropy_f32";
import { fill_32 } from "./fill";
import { splat, storeTail, topOf } from "./simd";
import { expSum } from "./softmax_f32";

/** y ← y · c over n contiguous elements. */
function multiply(y: usize, c: f32, n: u32): void {
  const k = splat(c);
  while (n >= 8) {
    const a = f32x4.mul(v128.load(y), k);
    const b = f32x4.mul(v128.load(y, 16), k);
    v128.store(y, a);
    v128.store(y, b, 16);
    y += 32;
    n -= 8;
  }
  while (n) {
    const a = f32x4.mul(v128.load(y), k);
    if (n < 4) return storeTail(y, a, n);
    v128.store(y, a);
    y += 16;
    n -= 4;
  }
}

/** `gradient`: whether it is wanted; without it the logits stay. */
export function loss_rows_f32(
  losses: usize,
  logits: usize,
  targets: usize,
  rows: u32,
  V: u32,
  scale: f32,
  gradient: bool,
): void {
  for (let r: u32 = 0; r < rows; r++) {
    const target = load<i32>(targets);
    if (target < 0) {
      store<f32>(losses, 0);
      if (gradient) fill_32(logits, V, 0);
    } else {
      const known = <u32>target < V;
      const hit = logits + (<usize>target << 2);
      const picked: f32 = known ? load<f32>(hit) : f32.NaN;
      const top = topOf(logits, V);
      // The exponentials take the logits' place, then become the gradient: one exp a logit.
      const sum = gradient ? expSum(logits, logits, V, top) : sumExp(logits, V, top);
      store<f32>(losses, <f32>(<f64>top + NativeMath.log(sum)) - picked);
      if (gradient) {
        multiply(logits, <f32>(<f64>scale / sum), V);
        if (known) store<f32>(hit, load<f32>(hit) - scale);
      }
    }
    losses += 4;
    targets += 4;
    logits += <usize>V << 2;
  }
}

/** out () ← scale · Σ losses, summed in float64. */
export function loss_f32(out: usize, losses: usize, n: u32, scale: f32): void {
  let total: f64 = 0;
  for (const end = losses + (<usize>n << 2); losses < end; losses += 4)
    total += <f64>load<f32>(losses);
  store<f32>(out, <f32>(total * <f64>scale));
}
