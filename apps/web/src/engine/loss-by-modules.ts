import type { GPT } from "@muladd/gpt";
import { crossEntropyLoss, linearCrossEntropyLoss } from "@muladd/nn";
import { type Tensor, tidy } from "@muladd/tensor";

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
    let x = model.embed(ids);
    model.blocks.forEach((block, i) => {
      const { norm1, attention, norm2, mlp } = block;
      if (block.normPlace === "after") {
        enter(`block ${i}/attention`);
        const attended = attention.forward(x, { residual: x });
        enter(`block ${i}/norm 1`);
        const normed = norm1.forward(attended);
        enter(`block ${i}/mlp`);
        const passed = mlp.forward(normed, normed);
        enter(`block ${i}/norm 2`);
        x = norm2.forward(passed);
        return;
      }
      enter(`block ${i}/norm 1`);
      const normed = norm1.forward(x);
      enter(`block ${i}/attention`);
      const attended = attention.forward(normed, { residual: x });
      enter(`block ${i}/norm 2`);
      const again = norm2.forward(attended);
      enter(`block ${i}/mlp`);
      x = mlp.forward(again, attended);
    });
    if (model.norm) enter("final norm");
    const hidden = model.norm?.forward(x) ?? x;
    enter(logits ? "head" : "head and loss");
    if (!logits)
      return linearCrossEntropyLoss(hidden, (model.head ?? model.tokens).weight, targets);
    const scores = model.logits(hidden);
    enter("loss");
    return crossEntropyLoss(scores, targets);
  });
}
