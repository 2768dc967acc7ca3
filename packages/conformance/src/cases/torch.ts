import { valueAndGrad } from "@muladd/autograd";
import { readSafetensors, type TensorFile } from "@muladd/checkpoint";
import {
  adamW,
  attention,
  type Backend,
  crossEntropy,
  dispose,
  gelu,
  geluTanh,
  layerNorm,
  linear,
  linearCrossEntropy,
  rmsNorm,
  rotary,
  size,
  softmax,
  swiglu,
  Tensor,
  tidy,
  Variable,
} from "@muladd/tensor";
import { probe } from "../apply.ts";
import type { Case, Create } from "../case.ts";
import { type Evidence, FORWARD, GRADIENT, onDevice } from "../compare.ts";

/** One entry of the fixtures' manifest: names of tensors in the file, by role. */
export interface TorchEntry {
  readonly op: string;
  readonly name: string;
  readonly attrs: Readonly<Record<string, number | boolean>>;
  readonly inputs: Readonly<Record<string, string>>;
  readonly out: string;
  readonly grads: Readonly<Record<string, string>>;
}

/** What stands beside the tensors: `fixtures/fused.json`. */
export interface TorchManifest {
  readonly torch: string;
  readonly cases: readonly TorchEntry[];
}

type Inputs = Readonly<Record<string, Tensor>>;
type Attrs = TorchEntry["attrs"];

const verbs: Readonly<Record<string, (x: Inputs, attrs: Attrs) => Tensor>> = {
  softmax: ({ x }) => softmax(x!),
  gelu: ({ x }) => gelu(x!),
  geluTanh: ({ x }) => geluTanh(x!),
  layerNorm: ({ x, gain, bias }, { epsilon }) => layerNorm(x!, gain!, bias, Number(epsilon)),
  rmsNorm: ({ x, gain }, { epsilon }) => rmsNorm(x!, gain!, Number(epsilon)),
  crossEntropy: ({ logits, targets }) => crossEntropy(logits!, targets!),
  swiglu: ({ gate, up }) => swiglu(gate!, up!),
  linearCrossEntropy: ({ hidden, weight, targets }, { scale }) =>
    linearCrossEntropy(hidden!, weight!, targets!, Number(scale)),
  rotary: ({ x, table }, { heads, start }) =>
    rotary(x!, table!, { heads: Number(heads), start: Number(start) }),
  linear: ({ x, weight, bias }) => linear(x!, weight!, bias),
  attention: ({ qkv, q, k, v }, { heads, kvHeads, causal, scale }) =>
    attention(qkv ? [qkv] : [q!, k!, v!], {
      heads: Number(heads),
      keyHeads: Number(kvHeads),
      causal: causal === true,
      scale: Number(scale),
    }),
};

/**
 * Every fused op's value and gradients against PyTorch's, as `fixtures/fused.safetensors` and its manifest hold them:
 * the one witness that shares no code with this project.
 */
export function torchCases(create: Create, bytes: Uint8Array, manifest: TorchManifest): Case[] {
  const file = readSafetensors(bytes, "fused.safetensors");
  return manifest.cases.map((entry) => ({
    name: `PyTorch ${manifest.torch}: ${entry.op}, ${entry.name}`,
    kind: "fused",
    run: () =>
      onDevice(create, (backend, evidence) =>
        entry.op === "adamW"
          ? checkAdamW(entry, file, backend, evidence)
          : check(entry, file, backend, evidence),
      ),
  }));
}

const host = ({ tensors }: TensorFile, name: string) => {
  const found = tensors.get(name);
  if (!found) throw new Error(`the fixtures have no tensor ${name}; make them again`);
  return found;
};

async function check(
  entry: TorchEntry,
  file: TensorFile,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  const verb = verbs[entry.op];
  if (!verb) throw new Error(`the fixtures have an op ${entry.op} that conformance cannot call`);
  const inputs = Object.fromEntries(
    Object.entries(entry.inputs).map(([role, name]) => {
      const { data, shape } = host(file, name);
      return [role, Tensor.from(backend, data, shape)];
    }),
  );
  const wrt = Object.keys(entry.grads).map((role) => inputs[role]!);
  using out = tidy(() => verb(inputs, entry.attrs));
  const title = `${entry.op} ${entry.name}`;
  evidence.compare(title, await out.data(), host(file, entry.out).data, FORWARD);
  const { value, grads } = valueAndGrad(() => probe([verb(inputs, entry.attrs)]), wrt);
  for (const [role, name] of Object.entries(entry.grads))
    evidence.compare(
      `gradient of ${title} for ${role}`,
      await grads.get(inputs[role]!)!.data(),
      host(file, name).data,
      GRADIENT,
    );
  dispose([value, grads, inputs]);
}

/** The parameter after each of several steps. */
async function checkAdamW(
  { attrs, inputs, out }: TorchEntry,
  file: TensorFile,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  const { shape, data } = host(file, inputs.p!);
  const [gradients, expected] = [host(file, inputs.g!).data, host(file, out).data];
  const count = size(shape);
  const [beta1, beta2] = [Number(attrs.beta1), Number(attrs.beta2)];
  const cells = tidy(() =>
    [data, new Float32Array(count), new Float32Array(count)].map(
      (numbers) => new Variable(Tensor.from(backend, numbers, shape)),
    ),
  );
  const [p, m, v] = cells as [Variable, Variable, Variable];
  for (let t = 1; t <= Number(attrs.steps); t++) {
    const at = [(t - 1) * count, t * count] as const;
    tidy(() => {
      const g = Tensor.from(backend, gradients.slice(...at), shape);
      adamW(p, m, v, g, Tensor.from(backend, [1], []), {
        rate: Number(attrs.rate),
        beta1,
        beta2,
        epsilon: Number(attrs.epsilon),
        decay: Number(attrs.decay),
        correction1: 1 - beta1 ** t,
        correction2: 1 - beta2 ** t,
      });
    });
    evidence.compare(`adamW, step ${t}`, await p.data(), expected.slice(...at), FORWARD);
  }
  dispose(cells);
}
