import { type GPTConfig, plan } from "@muladd/gpt";
import type { TrainingConfig } from "@muladd/gpt/train";

/** Multiply-adds of a training step: two FLOP each. */
export const stepMulAdds = (
  model: GPTConfig,
  { batch, accumulate }: Pick<TrainingConfig, "batch" | "accumulate">,
): number => plan(model, { batch, accumulate }).flop.step / 2;
