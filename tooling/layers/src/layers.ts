/** What the sources of a library may import, by folder name in `packages/` or by npm name. */
export type Layer = {
  readonly imports: readonly string[];
  /** What its tests may import beside that. */
  readonly dev?: readonly string[];
  /** npm packages that its user may install, and that no import names: it is loaded only where it is found. */
  readonly optional?: readonly string[];
  /** Parts of `src` that may import more than the rest, which in turn may not import them. */
  readonly parts?: Readonly<Record<string, readonly string[]>>;
};

export type Layers = Readonly<Record<string, Layer>>;

/** The libraries, lowest first. Apps may import all of them; no library imports an app. */
export const layers: Layers = {
  tensor: { imports: [] },
  tokenizer: { imports: [], parts: { "src/chat/": ["@huggingface/jinja"] } },
  corpus: { imports: [] },

  autograd: { imports: ["tensor"], dev: ["backend-reference"] },
  nn: { imports: ["tensor"], dev: ["backend-reference"] },
  optim: { imports: ["tensor"], dev: ["backend-reference"] },
  checkpoint: { imports: ["tensor"] },
  // Not even a dev dependency on conformance: turbo would see a cycle. Its run of the suite lives there.
  "backend-reference": { imports: ["tensor"] },
  "backend-wasm": { imports: ["tensor"], dev: ["conformance"] },
  "backend-webgpu": { imports: ["tensor"], dev: ["conformance"], optional: ["webgpu"] },

  gpt: {
    imports: ["tensor", "nn"],
    dev: ["backend-reference"],
    parts: {
      "src/train/": ["autograd", "checkpoint", "optim", "tokenizer"],
      "src/huggingface/": ["checkpoint", "tokenizer"],
    },
  },

  conformance: {
    imports: ["tensor", "autograd", "nn", "gpt", "optim", "checkpoint", "backend-reference"],
    parts: { "src/vitest.ts": ["vitest"] },
  },
};
