import { namedWeights, type Weight } from "@muladd/nn";
import { FormatError, type HostTensor, show } from "@muladd/tensor";

/** Reads every weight of `module` from the device, by name. Shapes as in the module, f32; packed ones unpacked. */
export async function readWeights(module: object): Promise<Map<string, HostTensor>> {
  const weights = new Map<string, HostTensor>();
  for (const [name, p] of namedWeights(module))
    weights.set(name, { shape: p.shape, data: Float32Array.from(await p.data()) });
  return weights;
}

/**
 * Uploads `tensors` into the weights of `module`, packing those that it holds packed. `source` is how errors call them. Throws {@link FormatError} that
 * lists every missing, extra or wrongly shaped tensor, before anything is changed.
 */
export function writeWeights(
  module: object,
  tensors: ReadonlyMap<string, HostTensor>,
  source: string,
): void {
  const weights = new Map<string, Weight>(namedWeights(module));
  const faults: string[] = [];
  for (const [name, p] of weights) {
    const t = tensors.get(name);
    if (!t) faults.push(`${name} ${show(p.shape)} is missing`);
    else if (show(t.shape) !== show(p.shape))
      faults.push(`${name} is ${show(t.shape)}, the model's is ${show(p.shape)}`);
  }
  for (const name of tensors.keys())
    if (!weights.has(name)) faults.push(`${name} is not part of the model`);
  if (faults.length > 0)
    throw new FormatError(`${source} does not fit the model: ${faults.join("; ")}`);
  for (const [name, p] of weights) p.write(tensors.get(name)!.data);
}
