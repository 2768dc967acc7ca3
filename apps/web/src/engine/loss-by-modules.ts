import type { GPT } from "@muladd/gpt";
import { crossEntropyLoss, linearCrossEntropyLoss } from "@muladd/nn";
import { add, type Tensor, tidy } from "@muladd/tensor";

/**
 * The loss of ids and targets (B, T) i32 → (), by the model's own modules in the order in which `GPT.loss` calls them, telling
 * which one runs. A test holds it to `GPT.loss` bit for bit. `logits`: the head and the loss apart, not as one op.
 */
export function lossByModules(
  model: GPT,
  ids: Tensor,
  targets: Tensor,
  { enter, logits = false }: { enter: (place: string) => void; logits?: boolean },
): Tensor {
  return tidy(() => {
    enter("embed");
    let x = add(model.tokens.forward(ids), model.positions.forward(0, ids.shape[1]!));
    model.blocks.forEach((block, i) => {
      const { norm1, attention, norm2, mlp } = block;
      enter(`block ${i}/norm 1`);
      const normed = norm1.forward(x);
      enter(`block ${i}/attention`);
      const attended = attention.forward(normed, { residual: x });
      enter(`block ${i}/norm 2`);
      const again = norm2.forward(attended);
      enter(`block ${i}/mlp`);
      x = mlp.forward(again, attended);
    });
    enter("final norm");
    const hidden = model.norm.forward(x);
    enter(logits ? "head" : "head and loss");
    if (!logits) return linearCrossEntropyLoss(hidden, model.tokens.weight, targets);
    const scores = model.logits(hidden);
    enter("loss");
    return crossEntropyLoss(scores, targets);
  });
}
