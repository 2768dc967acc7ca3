// GPT-2 124M as an ONNX graph with keys and values kept, of random weights.
import { noise } from "./measure.mjs";
import { constant, model, node, value } from "./onnx.mjs";

export const sizes = { layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50257 };

/**
 * Inputs: ids (1, T) and positions (1, T) i64, mask (T, P + T) to be added to the scores, and for each layer i the keys and
 * values so far, key.i and value.i (1, H, P, D). Outputs: logits (1, V) of the last position, newKey.i and newValue.i.
 */
export function gpt2() {
  const { layers, width: C, heads: H, context, vocabulary: V } = sizes;
  const D = C / H;
  const nodes = [];
  const constants = [];
  const inputs = [
    value("ids", [1, "T"], "i64"),
    value("positions", [1, "T"], "i64"),
    value("mask", ["T", "S"]),
  ];
  const outputs = [value("logits", [1, V])];
  const add = (op, given, out, attributes) => {
    nodes.push(node(op, given, [out].flat(), attributes));
    return out;
  };
  const weight = (name, ...shape) => {
    constants.push(
      constant(
        name,
        shape,
        noise(
          shape.reduce((a, b) => a * b),
          0.035,
        ),
      ),
    );
    return name;
  };
  const gain = (name) => {
    constants.push(constant(name, [C], new Float32Array(C).fill(1)));
    return name;
  };
  const whole = (name, ...numbers) => {
    constants.push(constant(name, [numbers.length], BigInt64Array.from(numbers, BigInt)));
    return name;
  };
  const norm = (x, name) =>
    add("LayerNormalization", [x, gain(`${name}.gain`), weight(`${name}.bias`, C)], name, {
      axis: -1,
    });
  const linear = (x, name, from, to) =>
    add(
      "Add",
      [
        add("MatMul", [x, weight(`${name}.weight`, from, to)], `${name}.xw`),
        weight(`${name}.bias`, to),
      ],
      name,
    );

  const split = whole("split", C, C, C);
  const apart = whole("apart", 0, 0, H, D);
  const together = whole("together", 0, 0, C);
  constants.push(constant("scale", [], Float32Array.of(1 / Math.sqrt(D))));

  const tokens = add("Gather", [weight("tokens", V, C), "ids"], "embedded");
  let x = add(
    "Add",
    [tokens, add("Gather", [weight("places", context, C), "positions"], "placed")],
    "x",
  );
  for (let i = 0; i < layers; i++) {
    const past = [value(`key.${i}`, [1, H, "P", D]), value(`value.${i}`, [1, H, "P", D])];
    inputs.push(...past);
    outputs.push(value(`newKey.${i}`, [1, H, "S", D]), value(`newValue.${i}`, [1, H, "S", D]));
    const qkv = linear(norm(x, `norm1.${i}`), `qkv.${i}`, C, 3 * C);
    const parts = add("Split", [qkv, split], [`q.${i}`, `k.${i}`, `v.${i}`], { axis: -1 });
    const [q, k, v] = parts.map((part) =>
      add("Transpose", [add("Reshape", [part, apart], `${part}.apart`)], `${part}.heads`, {
        perm: [0, 2, 1, 3],
      }),
    );
    const keys = add("Concat", [`key.${i}`, k], `newKey.${i}`, { axis: 2 });
    const values = add("Concat", [`value.${i}`, v], `newValue.${i}`, { axis: 2 });
    const turned = add("Transpose", [keys], `keys.${i}`, { perm: [0, 1, 3, 2] });
    const scores = add("Mul", [add("MatMul", [q, turned], `qk.${i}`), "scale"], `scores.${i}`);
    const shares = add("Softmax", [add("Add", [scores, "mask"], `masked.${i}`)], `shares.${i}`, {
      axis: -1,
    });
    const mixed = add("MatMul", [shares, values], `mixed.${i}`);
    const turnedBack = add("Transpose", [mixed], `turnedBack.${i}`, { perm: [0, 2, 1, 3] });
    const attended = linear(add("Reshape", [turnedBack, together], `heads.${i}`), `out.${i}`, C, C);
    const y = add("Add", [x, attended], `y.${i}`);
    const up = linear(norm(y, `norm2.${i}`), `up.${i}`, C, 4 * C);
    const down = linear(
      add("Gelu", [up], `gelu.${i}`, { approximate: "tanh" }),
      `down.${i}`,
      4 * C,
      C,
    );
    x = add("Add", [y, down], `x.${i}`);
  }
  constants.push(constant("last", [], BigInt64Array.of(-1n)));
  const last = add("Gather", [norm(x, "norm"), "last"], "lastHidden", { axis: 1 });
  // Tied in GPT-2; exporters write it a second time, transposed, since that is how a product reads it.
  add("MatMul", [last, weight("head", C, V)], "logits");
  return model({ nodes, constants, inputs, outputs });
}
