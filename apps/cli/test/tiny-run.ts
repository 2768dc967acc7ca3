import { join } from "node:path";
import { reference } from "@muladd/backend-reference";
import { GPT } from "@muladd/gpt";
import { nodeFolder, Run, splitTokens, Trainer, trainingConfig } from "@muladd/gpt/train";
import { init } from "@muladd/nn";
import { characters } from "@muladd/tokenizer";
import { madeData } from "../src/data.ts";

/** Trains a model of two blocks on a little of the embedded corpus for some steps, and saves it in `folder`/tiny. */
export async function tinyRun(folder: string, steps = 4): Promise<string> {
  const { text, source } = await madeData({ kind: "stories", seed: 1, characters: 3000 });
  const tokenizer = characters(text);
  const training = trainingConfig({ steps, batch: 2, evalBatches: 1 });
  using backend = reference();
  const sizes = { vocabulary: tokenizer.size, context: 16, width: 8, heads: 2, layers: 2 };
  const model = new GPT(sizes, init(backend, 0));
  const path = join(folder, "tiny");
  const data = { source, split: 0.9 };
  const run = await Run.create(
    nodeFolder(path),
    { model: model.config, training, data },
    tokenizer,
  );
  const tokens = tokenizer.encode(text);
  using trainer = new Trainer({ model, config: training, data: splitTokens(tokens) });
  for (let i = 0; i < steps; i++) await trainer.advance();
  await run.save(await trainer.save());
  return path;
}
