import { type GPT, sampler } from "@muladd/gpt";
import { init, LearnedPositions, parameterOf, sinusoids } from "@muladd/nn";
import {
  type Backend,
  dispose,
  full,
  gather,
  matmul,
  mul,
  slice,
  sub,
  Tensor,
  tidy,
} from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import type { About, ArticleHandlers, Facts, Matrix } from "./article.ts";
import { blockRow } from "./block-row.ts";
import type { Asked, Engine } from "./engine.ts";
import { cutText } from "./merges.ts";
import { shuffle } from "./shuffle.ts";
import type { Subject } from "./subject.ts";

/** Rows of a table that are shown. */
const MOST_ROWS = 96;

/** What the article's panels show, on the model of the page or, before there is one, on a `tiny` one with random weights. */
export function articleAnswers(engine: Pick<Engine, "status" | "subjects">): ArticleHandlers {
  const { subjects } = engine;
  /** Answers about a text, which is made tokens. */
  const ask = <T>(
    { text, moment }: About,
    { signal }: Asked,
    body: (subject: Subject, ids: Int32Array, facts: Facts) => Promise<T>,
  ): Promise<Facts & T> =>
    subjects.with(moment, async (subject) => {
      signal.throwIfAborted(); // a later question came while this one waited
      const { ids, facts } = read(subject, text);
      return { ...facts, ...(await body(subject, ids, facts)) };
    });

  return {
    articleTokens: (cutting, { signal }) =>
      subjects.with(undefined, async (subject) => {
        signal.throwIfAborted();
        return cutText(subject, cutting);
      }),

    articleEmbedding: (about, asked) =>
      ask(about, asked, async ({ model }, ids, { tokens, vocabulary }) => {
        const table = parameterOf(model.tokens.weight);
        const token = within(about.token, tokens.length);
        const id = ids[token]!;
        const firstRow = Math.max(0, Math.min(id - MOST_ROWS / 2, vocabulary - MOST_ROWS));
        const oneHot = new Float32Array(vocabulary);
        oneHot[id] = 1;
        const { product, row, shown } = onDevice(table.backend, [oneHot], (hot) => ({
          product: matmul(hot, table),
          row: gather(table, Tensor.from(table.backend, Int32Array.of(id))),
          shown: slice(table, 0, firstRow, Math.min(firstRow + MOST_ROWS, vocabulary)),
        }));
        const [p, r, m] = [await take(product), await take(row), await take(shown)];
        const difference = Math.max(...p.values.map((x, i) => Math.abs(x - r.values[i]!)));
        return { token, id, table: m, firstRow, product: p.values, difference };
      }),

    articlePositions: ({ moment }) =>
      subjects.with(moment, async ({ model, step }) => {
        const { context, width } = model.config;
        const waves = Array.from(sinusoids(context, width));
        const own = model.positions instanceof LearnedPositions;
        const source = own
          ? model.positions
          : new LearnedPositions(context, width, init(model.tokens.weight.backend, 0));
        const learned = await take(source.forward(0, context));
        if (!own) dispose(source);
        const sinusoidal = { rows: context, columns: width, values: waves };
        return { ...stepOf(step), sinusoidal, learned, own };
      }),

    articleShuffle: (about, asked) =>
      ask(about, asked, ({ model }, ids, { tokens }) => shuffle(model, ids, tokens, about)),

    articleMatrix: (about, asked) =>
      ask(about, asked, async ({ model }, ids) => {
        const blocks = Math.max(0, Math.min(about.blocks, model.config.layers));
        const { x, parts } = tidy(() => passed(model, ids, blocks));
        const named: { name: string; matrix: Matrix }[] = [];
        for (const [name, part] of Object.entries(parts))
          named.push({ name, matrix: await take(part) });
        return { x: await take(x), parts: named };
      }),

    articleBlock: (about, asked) =>
      ask(about, asked, async ({ model }, ids) => {
        const { layers, heads } = model.config;
        const layer = within(about.layer, layers);
        const x = tidy(() => passed(model, ids, layer).x);
        try {
          const at = { head: within(about.head, heads), row: within(about.row, ids.length) };
          return await blockRow(model.blocks[layer]!, x, { layer, ...at });
        } finally {
          dispose(x);
        }
      }),

    articleOutput: (about, asked) =>
      ask(about, asked, async ({ model, tokenizer }, ids) => {
        const { temperature, topK, topP, seed } = about;
        const logits = await lastLogits(model, ids);
        const all = logits.length;
        const choice = { temperature, topP, seed, ...(topK === undefined ? {} : { topK }) };
        const sampled = sampler(choice, all)(logits);
        const plain = sampler({}, all)(logits);
        const kept = new Map(sampled.candidates.map(({ id, probability }) => [id, probability]));
        const next = plain.candidates.map(({ id, probability: own }) => ({
          id,
          text: word(tokenizer, id),
          logit: logits[id]!,
          model: own,
          // Greedy keeps the largest alone.
          probability: temperature === 0 ? Number(id === sampled.id) : (kept.get(id) ?? 0),
        }));
        const largest = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
        const greedy = sampler({ temperature: 0, seed })(logits).id;
        return { next, largest, greedy, sampled: sampled.id };
      }),

    articleLoss: (about, asked) =>
      ask(about, asked, async ({ model, tokenizer }, ids) => {
        const logits = await lastLogits(model, ids);
        const next = sampler(
          {},
          logits.length,
        )(logits).candidates.map(({ id, probability: p }) => ({
          id,
          text: word(tokenizer, id),
          p,
        }));
        const unsure = Math.log(model.config.vocabulary);
        if (ids.length < 2) return { next, unsure };
        const { backend } = model.tokens.weight;
        const T = ids.length - 1;
        using loss = tidy(() => {
          const on = (data: Int32Array) => Tensor.from(backend, data, [1, T]);
          return model.loss(on(ids.slice(0, -1)), on(ids.slice(1)));
        });
        return { next, unsure, mean: await loss.item() };
      }),

    articleModel: () =>
      subjects.with(undefined, async ({ model: { config }, step, training }) => {
        const { steps, batch, accumulate } = training;
        return { ...stepOf(step), config, tokens: steps * batch * accumulate * config.context };
      }),

    articleSpeed: () =>
      subjects.with(undefined, async ({ model }) => {
        const { backend } = model.tokens.weight;
        return {
          ...(await speedOf(backend)),
          backend: engine.status.backend?.title ?? backend.name,
        };
      }),
  };
}

const within = (i: number, length: number) => Math.max(0, Math.min(Math.floor(i), length - 1));
const stepOf = (step: number | undefined) => (step === undefined ? {} : { step });
const word = (tokenizer: Tokenizer, id: number) => tokenizer.decode([id]);

/** Text → ids that fit the context, and what is said of them. Throws for a text without tokens, or with unknown ones. */
function read({ model, tokenizer, step }: Subject, text: string) {
  const { vocabulary, width, context, layers, heads } = model.config;
  const all = tokenizer.encode(text, { disallowedSpecial: [] });
  if (all.length === 0) throw new RangeError("there is no text to look at; type some in section 1");
  const ids = all.slice(-context);
  const tokens = Array.from(ids, (id) => ({ id, text: word(tokenizer, id) }));
  const cut = all.length > context;
  const sizes = { vocabulary, width, context, layers, heads };
  return { ids, facts: { ...stepOf(step), ...sizes, tokens, cut } satisfies Facts };
}

/** Uploads rows of numbers for one computation. */
function onDevice<T>(
  backend: Backend,
  rows: readonly Float32Array[],
  body: (...tensors: Tensor[]) => T,
) {
  return tidy(() => body(...rows.map((row) => Tensor.from(backend, row, [1, row.length]))));
}

/** A tensor's values as a matrix of its last axis; the tensor is given back. */
async function take(tensor: Tensor): Promise<Matrix> {
  try {
    const values = Array.from(await tensor.data());
    const columns = tensor.shape.at(-1) ?? 1;
    return { rows: values.length / columns, columns, values };
  } finally {
    dispose(tensor);
  }
}

/** ids → the matrix (1, T, C) after so many blocks, and the two summands it is made of. */
function passed(model: GPT, ids: Int32Array, blocks: number) {
  const { backend } = model.tokens.weight;
  const row = Tensor.from(backend, ids, [1, ids.length]);
  let x = model.embed(row);
  if (blocks === 0) {
    const tokens = mul(model.tokens.forward(row), model.config.embeddingScale);
    const places = model.positions?.forward(0, ids.length);
    return { x, parts: { "of the token": tokens, ...(places && { "of the place": places }) } };
  }
  let before = x;
  for (const block of model.blocks.slice(0, blocks)) {
    before = x;
    x = block.forward(x);
  }
  return {
    x,
    parts: { [`before block ${blocks}`]: before, [`added by block ${blocks}`]: sub(x, before) },
  };
}

/** Logits (V) of what comes after the ids. */
async function lastLogits(model: GPT, ids: Int32Array): Promise<number[]> {
  const T = ids.length;
  const logits = tidy(() => {
    const hidden = model.hidden(Tensor.from(model.tokens.weight.backend, ids, [1, T]));
    return model.logits(slice(hidden, 1, T - 1, T));
  });
  return [...(await take(logits)).values];
}

/** The best of a few timed products (N, N) · (N, N), which take 2·N³ FLOP each; the first one warms up. */
async function speedOf(backend: Backend): Promise<{ flops: number; size: number }> {
  let size = 128;
  for (;;) {
    using a = full(backend, [size, size], 1 / size);
    const seconds = await timed(a, 1);
    // Long enough for clocks that browsers blur to a millisecond.
    if (seconds >= 0.01 || size >= 1024) {
      let best = seconds;
      for (let i = 0; i < 3; i++) best = Math.min(best, await timed(a, 4));
      return { flops: (2 * size ** 3) / best, size };
    }
    size *= 2;
  }
}

/** Seconds of one of `count` products of a matrix with itself, read back at the end. */
async function timed(a: Tensor, count: number): Promise<number> {
  const start = performance.now();
  const last = tidy(() => {
    let product = matmul(a, a);
    for (let i = 1; i < count; i++) product = matmul(a, product);
    return slice(product, 0, 0, 1);
  });
  await take(last);
  return (performance.now() - start) / 1000 / count;
}
