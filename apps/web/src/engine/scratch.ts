import { GPT, writeWeights } from "@muladd/gpt";
import { init, namedParameters } from "@muladd/nn";
import { type Backend, dispose, type HostTensor, mul, sub, Tensor, tidy } from "@muladd/tensor";
import type { Example } from "./gradient-check.ts";
import type { Weight } from "./judge.ts";
import { onDevice } from "./trace-loss.ts";

/** A second model, to try weights on. */
export class Scratch implements Disposable {
  readonly #model: GPT;
  readonly #example: Example;
  readonly #tensors: { readonly ids: Tensor; readonly targets: Tensor };
  readonly #base = new Map<string, Tensor>();
  readonly #gradients = new Map<string, Tensor>();

  constructor(backend: Backend, example: Example) {
    this.#example = example;
    this.#model = new GPT(example.config, init(backend, 0));
    writeWeights(this.#model, example.weights, "the model on the page");
    this.#tensors = onDevice(backend, example);
  }

  async #loss(): Promise<number> {
    using loss = this.#model.loss(this.#tensors.ids, this.#tensors.targets);
    return loss.item();
  }

  async lossWith({ parameter, index }: Weight, value: number): Promise<number> {
    const data = this.#example.weights.get(parameter)!.data.slice();
    data[index] = value;
    const cell = new Map(namedParameters(this.#model)).get(parameter)!;
    cell.write(data);
    return this.#loss();
  }

  async lossAlong(gradients: ReadonlyMap<string, HostTensor>, rate: number): Promise<number> {
    for (const [name, p] of namedParameters(this.#model)) {
      const g = gradients.get(name);
      if (!g) continue;
      if (!this.#base.has(name)) {
        this.#base.set(
          name,
          Tensor.from(p.backend, this.#example.weights.get(name)!.data, p.shape),
        );
        this.#gradients.set(name, Tensor.from(p.backend, g.data, p.shape));
      }
      using next = tidy(() => sub(this.#base.get(name)!, mul(this.#gradients.get(name)!, rate)));
      p.assign(next);
    }
    return this.#loss();
  }

  [Symbol.dispose](): void {
    dispose([this.#model, this.#tensors, this.#base, this.#gradients]);
  }
}

/** The loss of an example. */
export async function lossOf(model: GPT, example: Example): Promise<number> {
  const tensors = onDevice(model.tokens.weight.backend, example);
  try {
    using loss = model.loss(tensors.ids, tensors.targets);
    return await loss.item();
  } finally {
    dispose(tensors);
  }
}
