import { TUNING } from "../src/crew.ts";
import { open } from "../src/wasm.ts";
import { tinyTraining } from "../test/tiny-training.ts";

/** Trains a block with workers doing all the work, and alone; answers whether the bits are the same. */
async function compare() {
  const steps = 20;
  using crew = await open(
    { threads: 3 },
    { ...TUNING, shareFrom: 0, part: 1e-9, takesPart: false },
  );
  await crew.startThreads();
  using alone = await open({ threads: 1 }, TUNING);
  const [a, b] = [await tinyTraining(crew, steps), await tinyTraining(alone, steps)];
  const same = a.length === b.length && a.every((bits, i) => bits === b[i]);
  return { threads: crew.threads, reason: crew.threadsReason ?? "none", same, steps };
}

postMessage(await compare());
