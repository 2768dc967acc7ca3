import { wasm } from "@muladd/backend-wasm";
import { benchMatmul, type MatmulRow } from "../../../apps/cli/src/bench/matmul.ts";
import { benchStep, type StepResult } from "../../../apps/cli/src/bench/step.ts";

export interface Question {
  readonly part: "matmul" | "step";
  readonly seconds: number;
  readonly threads: number;
}

export interface Answer {
  readonly isolated: boolean;
  readonly variant: string;
  readonly threads: number;
  /** Why there are not more threads. */
  readonly reason?: string | undefined;
  readonly matmul?: readonly MatmulRow[];
  readonly step?: StepResult;
}

addEventListener("message", async ({ data }: MessageEvent<Question>) => {
  try {
    postMessage(await answer(data));
  } catch (error) {
    reportError(error); // a rejection in a worker reaches nobody
  }
});

async function answer({ part, seconds, threads }: Question): Promise<Answer> {
  using backend = await wasm({ threads });
  await backend.startThreads();
  const result =
    part === "matmul"
      ? { matmul: await benchMatmul(backend, { seconds }) }
      : { step: await benchStep(backend, { seconds, preset: "nanogpt-cpu" }) };
  return {
    isolated: crossOriginIsolated,
    variant: backend.variant,
    threads: backend.threads,
    reason: backend.threadsReason,
    ...result,
  };
}
