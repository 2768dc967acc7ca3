import { dotProduct, FORWARD } from "./compare.ts";
import { fusedFamilies } from "./stress-calls-fused.ts";
import { type Call, Draw, done, type Family } from "./stress-draw.ts";

const shapeOf = (d: Draw): number[] => {
  const rank = 1 + d.below(4);
  return Array.from({ length: rank }, () => (rank < 3 ? d.long() : d.size(9)));
};

/** Each kernel as often as any other. */
const FAMILIES: readonly Family[] = [
  (d) => {
    const dtype = d.pick(["f32", "i32"] as const);
    const out = d.result([d.long(), d.size()], dtype);
    const [start, step] = [d.below(9) - 4, d.pick([0, 0, 1, -3])];
    return d.call(`fill ${start} ${step}`, FORWARD, (k, x) => done(k.fill(x[out]!, start, step)));
  },
  (d) => {
    const shape = shapeOf(d);
    const [from, to] = [d.pick(["f32", "i32"] as const), d.pick(["f32", "i32"] as const)];
    const [x, out] = [d.window(shape, from), d.window(shape, to, true)];
    return d.call(`copy ${from} → ${to} (${shape})`, 0, (k, o) => done(k.copy(out(o), x(o))));
  },
  (d) => {
    const op = d.pick([
      "neg",
      "exp",
      "log",
      "tanh",
      "rsqrt",
      "erf",
      "sin",
      "cos",
      "scale",
      "shift",
    ] as const);
    const shape = [d.long(), d.size()];
    const isInteger = d.below(2) === 0 && (op === "neg" || op === "scale" || op === "shift");
    const x = isInteger ? d.integers(shape, -9, 9) : d.numbers(shape);
    const out = d.result(shape, isInteger ? "i32" : "f32");
    const c = d.below(7) - 3;
    return d.call(`${op} ${c}`, FORWARD, (k, o) => done(k.unary(op, o[out]!, o[x]!, c)));
  },
  (d) => {
    const dtype = d.pick(["f32", "f32", "i32"] as const);
    const ops = ["add", "sub", "mul", "maximum", "greaterEqual", "equal"] as const;
    const op = dtype === "i32" ? d.pick(ops) : d.pick([...ops, "div"] as const);
    const shape = shapeOf(d);
    const [a, b] = [d.window(shape, dtype), d.window(shape, dtype)];
    const out = d.result(shape, dtype);
    return d.call(`${op} ${dtype}`, FORWARD, (k, o) => done(k.binary(op, o[out]!, a(o), b(o))));
  },
  (d) => {
    const shape = shapeOf(d);
    const dtype = d.pick(["f32", "i32"] as const);
    const mask = d.window(shape, d.pick(["f32", "i32"] as const));
    const [a, b] = [d.window(shape, dtype), d.window(shape, dtype)];
    const out = d.result(shape, dtype);
    return d.call("select", 0, (k, o) => done(k.select(o[out]!, mask(o), a(o), b(o))));
  },
  (d) => {
    const op = d.pick(["sum", "max"] as const);
    const dtype = d.pick(["f32", "f32", "i32"] as const);
    // An empty max of integers, which have no −∞, is anything.
    const least = op === "max" && dtype === "i32" ? 1 : 0;
    const dims = [d.size(), Math.max(least, d.long()), d.pick([1, d.size()])] as const;
    const x = dtype === "i32" ? d.integers(dims, -99, 99) : d.numbers(dims);
    const out = d.result([dims[0], dims[2]], dtype);
    return d.call(op, dotProduct(dims[1]), (k, o) => done(k.reduce(op, o[out]!, o[x]!, dims)));
  },
  (d) => {
    const [batch, m, k, n] = [d.pick([1, 1, d.size(5)]), d.long(), d.long(), d.size()];
    const dims = { batch, m, k, n, transposeA: d.below(2) === 1, transposeB: d.below(2) === 1 };
    const [a, b, out] = [
      d.numbers([batch, m, k]),
      d.numbers([batch, k, n]),
      d.result([batch, m, n]),
    ];
    return d.call(`matmul ${JSON.stringify(dims)}`, dotProduct(k), (kernels, o) =>
      done(kernels.matmul(o[out]!, o[a]!, o[b]!, dims)),
    );
  },
  (d) => {
    const [V, C, n] = [d.some(), d.long(), d.size()];
    const [table, ids, out] = [d.numbers([V, C]), d.integers([n], -2, V + 2), d.result([n, C])];
    return d.call("gather", 0, (k, o) => done(k.gather(o[out]!, o[table]!, o[ids]!)));
  },
  (d) => {
    const [V, C, n] = [d.some(), d.long(), d.size()];
    const [out, ids, rows] = [d.state([V, C]), d.integers([n], -2, V + 2), d.numbers([n, C])];
    return d.call("scatterAdd", FORWARD, (k, o) => done(k.scatterAdd(o[out]!, o[rows]!, o[ids]!)));
  },
  (d) => {
    const out = d.result([d.long(), d.size()]);
    const [a, b, counter] = [d.below(2 ** 32), d.below(2 ** 32), d.below(2 ** 32)];
    return d.call(`uniform ${a} ${b} ${counter}`, 0, (k, o) =>
      done(k.uniform(o[out]!, [a, b], counter)),
    );
  },
  ...fusedFamilies,
];

/** Call `index` of the sequence that belongs to `seed`. */
export function stressCall(seed: number, index: number, finite = false): Call {
  const d = new Draw(seed, index, finite);
  return FAMILIES[index % FAMILIES.length]!(d);
}
