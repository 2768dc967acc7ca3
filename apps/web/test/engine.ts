import type { Asked } from "../src/engine/engine.ts";
import { Engine } from "../src/engine/engine.ts";
import type { EngineEvent, RunSettings } from "../src/engine/protocol.ts";

/** A model that trains in no time, on text of few characters. */
export const SETTINGS: RunSettings = {
  preset: "tiny",
  data: { kind: "text", name: "abc", text: "a cab, a bad cab.\n".repeat(60) },
  tokenizer: "char",
  model: { layers: 2, heads: 2, width: 16, context: 16 },
  training: { batch: 4, steps: 12, schedule: { kind: "constant", rate: 1e-2 }, seed: 3 },
};

/** An engine with a paused model, made of `settings`. `events` is what it told. */
export async function engineWith(
  settings: RunSettings = SETTINGS,
): Promise<{ engine: Engine; events: EngineEvent[] }> {
  const events: EngineEvent[] = [];
  const engine = new Engine((event) => events.push(event));
  await engine.handlers.start({ ...settings, paused: true }, asked());
  return { engine, events };
}

/** Trains to the end. */
export async function trainOut({ engine }: { engine: Engine }): Promise<void> {
  await engine.handlers.control({ action: "run" }, asked());
  while (engine.status.phase === "training") await new Promise((r) => setTimeout(r, 5));
  if (engine.status.failure) throw new Error(engine.status.failure.message);
}

export const asked = (over: Partial<Asked> = {}): Asked => ({
  signal: new AbortController().signal,
  part: () => {},
  ...over,
});
