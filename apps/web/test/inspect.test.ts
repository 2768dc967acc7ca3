import { valueAndGrad } from "@muladd/autograd";
import { GPT } from "@muladd/gpt";
import { crossEntropyLoss, parameterOf } from "@muladd/nn";
import { dispose, Tensor } from "@muladd/tensor";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Asked, Engine } from "../src/engine/engine.ts";
import { asked, engineWith, trainOut } from "./engine.ts";

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await engineWith());
  await trainOut({ engine });
});
const text = "a bad cab";

test("attention of every layer and head, at any moment", async () => {
  const { handlers } = engine;
  const now = await handlers.lookAttention({ text }, asked());
  expect(now).toMatchObject({ step: 12, heads: 2, cut: 0 });
  expect(now.tokens.join("")).toBe("a·bad·cab");
  expect(now.maps.map((m) => m.length)).toEqual([162, 162]);
  for (const bits of now.entropy.flat()) {
    expect(bits).toBeGreaterThan(0);
    expect(bits).toBeLessThan(Math.log2(9));
  }
  const then = await handlers.lookAttention({ text, moment: 0 }, asked());
  expect(then.step).toBe(0);
  expect(then.maps).not.toEqual(now.maps);
});

test("a text longer than the context is read from its end", async () => {
  const { cut, ids } = await engine.handlers.lookAttention({ text: text.repeat(3) }, asked());
  expect([cut, ids.length]).toEqual([27 - 16, 16]);
});

test("a question that nobody waits for is not answered", async () => {
  await expect(
    engine.handlers.lookAttention({ text }, asked({ signal: AbortSignal.abort() })),
  ).rejects.toThrow(/abort/i);
});

test("what the model has never seen is named", async () => {
  await expect(engine.handlers.lookLens({ text: "xyz" }, asked())).rejects.toThrow(
    /lens has "x" "y" "z", which this model has never seen/,
  );
});

describe("embedding map", () => {
  const ask = (kind: "tokens" | "positions" | "hidden", moment?: number) =>
    engine.handlers.lookEmbedding({ text, kind, picked: 1, moment }, asked());
  const trailsOf = async (kind: "tokens" | "positions" | "hidden", over: Partial<Asked> = {}) => {
    const { plane } = await ask(kind);
    return engine.handlers.lookTrails({ text, kind, plane }, asked(over));
  };

  test("the same weights give the same map, with trails over the clock that end in it", async () => {
    const map = await ask("tokens");
    expect(await ask("tokens")).toEqual(map);
    const { size } = engine.session.recipe.tokenizer;
    expect(map.labels).toHaveLength(size);
    const trails = await trailsOf("tokens");
    expect(trails.map((t) => t.step)).toEqual(engine.session.moments.steps);
    expect((await ask("tokens", 5)).places).toEqual(trails.find((t) => t.step === 5)!.places);
    expect(map.neighbours).toHaveLength(Math.min(8, size - 1));
    expect(map.neighbours.every((n) => n.index !== 1)).toBe(true);
  });

  test("positions and hidden states have a row for each", async () => {
    expect((await ask("positions")).labels).toHaveLength(16);
    const hidden = await ask("hidden");
    expect(hidden.labels).toHaveLength(text.length);
  });

  test("hidden states leave a trail: at each moment where the map of that moment has them", async () => {
    const trails = await trailsOf("hidden");
    expect(trails.map((t) => t.step)).toEqual(engine.session.moments.steps);
    for (const { step, places } of trails)
      expect(places).toEqual((await ask("hidden", step)).places);
    expect(new Set(trails.map((t) => t.places[2])).size).toBe(trails.length); // it moved
  });

  test("a trail that was asked for before costs no pass through the model, and another text does", async () => {
    await trailsOf("hidden");
    const { plane } = await ask("hidden");
    const passes = vi.spyOn(GPT.prototype, "hidden");
    try {
      const { handlers, session } = engine;
      await handlers.lookTrails({ text, kind: "hidden", plane }, asked());
      expect(passes).toHaveBeenCalledTimes(0);
      await handlers.lookTrails({ text: "a cab", kind: "hidden", plane }, asked());
      expect(passes).toHaveBeenCalledTimes(session.moments.steps.length);
    } finally {
      passes.mockRestore();
    }
  });

  test("a trail lets others have their turn, and ends when it is superseded", async () => {
    const stop = new AbortController();
    const { plane } = await ask("hidden");
    let turns = 0;
    const trail = engine.handlers.lookTrails(
      { text: "bad", kind: "hidden", plane },
      asked({ signal: stop.signal }),
    );
    const ended = expect(trail).rejects.toThrow(/abort/i);
    while (turns < 2) await engine.alone(() => turns++);
    stop.abort();
    const passes = vi.spyOn(GPT.prototype, "hidden");
    await ended;
    expect(passes.mock.calls.length).toBeLessThanOrEqual(1);
    passes.mockRestore();
  });
});

test("the logit lens ends with what the model would write", async () => {
  const { rows } = await engine.handlers.lookLens({ text }, asked());
  expect(rows.map((r) => r.name)).toEqual([
    "before block 0",
    "before block 1",
    "the model's answer",
  ]);
  const [first] = rows.at(-1)!.cells.slice(-1);
  let token = "";
  let probability = 0;
  await engine.handlers.write(
    { prompt: text, ids: [], maxTokens: 1, temperature: 0, cache: false },
    asked({
      part: (t) => {
        ({ token, probability } = t as { token: string; probability: number });
      },
    }),
  );
  expect(first!.token).toBe(token);
  expect(first!.probability).toBeCloseTo(probability, 6);
  expect(first!.rank).toBeUndefined();
  expect(rows[0]!.cells[0]!.rank).toBeGreaterThan(0);
});

describe("any tensor", () => {
  test("has its gradient beside it, as valueAndGrad gives it", async () => {
    const name = "blocks.1.mlp.up.weight";
    const look = await engine.handlers.lookTensor({ text, name }, asked());
    expect(look).toMatchObject({ name, shape: [64, 16] });
    const { model, backend } = engine.session;
    const weight = parameterOf(model.blocks[1]!.mlp.up.weight);
    const [ids, next] = [look.ids, [...look.ids.slice(1), -1]].map((row) =>
      Tensor.from(backend, Int32Array.from(row), [1, row.length]),
    ) as [Tensor, Tensor];
    const found = valueAndGrad(
      () => crossEntropyLoss(model.forward(ids), next, look.ids.length - 1),
      [weight],
    );
    expect(look.loss).toBeCloseTo(await found.value.item(), 6);
    expect(Array.from(look.gradient!.heatmap.values)).toEqual(
      Array.from(await found.grads.get(weight)!.data()),
    );
    dispose([ids, next, found.value, found.grads]);
  });

  test("lists activations too, and leaves no memory behind", async () => {
    const { backend } = engine.session;
    const before = backend.memory.buffers;
    const look = await engine.handlers.lookTensor(
      { text, name: "blocks.0.attention.mix" },
      asked(),
    );
    expect(look.shape).toEqual([1, 9, 16]);
    expect(look.value.statistics.count).toBe(144);
    expect(look.gradient!.statistics.std).toBeGreaterThan(0);
    expect(backend.memory.buffers).toBe(before);
  });
});

test("looks do not change what is trained", async () => {
  const losses = async (look: boolean) => {
    const made = await engineWith();
    await made.engine.handlers.control({ action: "run" }, asked());
    while (made.engine.status.phase === "training") {
      if (look) await made.engine.handlers.lookTensor({ text }, asked());
      await new Promise((r) => setTimeout(r, 1)); // training waits for messages between its steps
    }
    return made.events.flatMap((e) =>
      e.type === "training" ? e.events.flatMap((t) => (t.type === "step" ? [t.rawLoss] : [])) : [],
    );
  };
  const plain = await losses(false);
  expect(plain).toHaveLength(12);
  expect(await losses(true)).toEqual(plain);
});
