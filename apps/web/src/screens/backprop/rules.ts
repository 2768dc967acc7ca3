import type { FusedName, OpName } from "@muladd/tensor";

/** An op and its derivative, as they are shown. dX is the gradient of the loss with respect to X; ∘ multiplies element by element. */
export interface Rule {
  readonly forward: string;
  readonly backward: string;
  /** The backward rule in words. */
  readonly words: string;
}

const rule = (forward: string, backward: string, words: string): Rule => ({
  forward,
  backward,
  words,
});
const none = (forward: string): Rule =>
  rule(
    forward,
    "none",
    "Its result does not change with its inputs by small amounts, so no gradient goes through.",
  );
/** Runs only on the way back, or after it. */
const late = (forward: string, words: string): Rule => rule(forward, "of its own parts", words);

/** Every primitive and every fused op: one that is missing does not compile. */
export const rules: { readonly [K in OpName | FusedName]: Rule } = {
  neg: rule("y = −x", "dx = −dy", "The gradient changes its sign."),
  exp: rule("y = eˣ", "dx = dy ∘ y", "Multiply by the result: eˣ is its own slope."),
  log: rule(
    "y = ln x",
    "dx = dy / x",
    "Divide by the input: the larger it was, the flatter the curve.",
  ),
  tanh: rule(
    "y = tanh x",
    "dx = dy ∘ (1 − y²)",
    "Where tanh is near ±1 it is flat, and little gets through.",
  ),
  rsqrt: rule(
    "y = 1/√x",
    "dx = −½ dy ∘ y³",
    "A larger input makes a smaller result, so the sign turns.",
  ),
  erf: rule("y = erf x", "dx = dy ∘ 2/√π · e^(−x²)", "The slope is a bell curve around 0."),
  sin: rule("y = sin x", "dx = dy ∘ cos x", "The slope of the sine is the cosine."),
  cos: rule("y = cos x", "dx = −dy ∘ sin x", "The slope of the cosine is minus the sine."),
  scale: rule("y = c·x", "dx = c·dy", "The same factor on the way back."),
  shift: rule("y = x + c", "dx = dy", "Adding a constant changes no slope."),

  add: rule(
    "c = a + b",
    "da = dc, db = dc",
    "A sum hands its gradient on to both. Where one was repeated to fit, its copies are added up.",
  ),
  sub: rule(
    "c = a − b",
    "da = dc, db = −dc",
    "Handed on to both, with the sign turned for what was taken away.",
  ),
  mul: rule(
    "c = a ∘ b",
    "da = dc ∘ b, db = dc ∘ a",
    "Each factor gets the gradient times the other factor.",
  ),
  div: rule(
    "c = a / b",
    "da = dc / b, db = −dc ∘ c / b",
    "The larger the divisor, the less either matters.",
  ),
  maximum: rule(
    "c = max(a, b)",
    "da = dc where a ≥ b, db = dc elsewhere",
    "Only the larger one gets the gradient.",
  ),
  greaterEqual: none("c = 1 where a ≥ b, else 0"),
  equal: none("c = 1 where a = b, else 0"),
  select: rule(
    "c = mask ? a : b",
    "da = dc where mask, db = dc elsewhere",
    "The gradient goes to the branch that was taken. Masked places get 0.",
  ),

  sum: rule("y = Σ x", "dx = dy, repeated", "Each summand gets the same gradient."),
  max: rule(
    "y = max x",
    "dx = dy where x is the largest, else 0",
    "Only the largest moves the result. Equal ones share.",
  ),

  reshape: rule(
    "y = x in another shape",
    "dx = dy in the shape of x",
    "The numbers stay, so do the gradients.",
  ),
  permute: rule(
    "y = x with axes in another order",
    "dx = dy with the axes put back",
    "The order is put back.",
  ),
  expand: rule(
    "y = x, repeated",
    "dx = Σ dy over the copies",
    "Each copy had its say: they are added up.",
  ),
  slice: rule(
    "y = a part of x",
    "dx = dy in that part, 0 elsewhere",
    "What was not taken has no part in the result.",
  ),
  pad: rule(
    "y = x with zeros around",
    "dx = that part of dy",
    "The zeros are constants; the rest goes back.",
  ),
  concat: rule("y = [a, b, …]", "da, db, … = their parts of dy", "Each gets its own part back."),
  cast: rule(
    "y = x as another kind of number",
    "dx = dy between floats",
    "Whole numbers have no gradient.",
  ),

  matmul: rule(
    "C = A·B",
    "dA = dC·Bᵀ, dB = Aᵀ·dC",
    "Each gets the gradient times the other, transposed: the only way the shapes fit, and the right one.",
  ),
  gather: rule(
    "y = rows of a table E, by id",
    "dE[id] += dy",
    "Each row of the table gets the gradients of all the places that used it. Other rows get 0.",
  ),
  scatterAdd: rule(
    "y[id] += rows",
    "drows = rows of dy, by id",
    "Each row reads the gradient of the place it was added to.",
  ),
  iota: none("y = start + step·i"),
  uniform: none("y = random numbers"),

  softmax: rule(
    "y = eˣ / Σ eˣ",
    "dx = y ∘ (dy − Σ dy∘y)",
    "Probabilities sum to 1: what one gains the others lose, so the average is taken off first.",
  ),
  softmaxGrad: late("dx = y ∘ (g − Σ g∘y)", "The derivative of softmax, as one op."),
  gelu: rule(
    "y = x·Φ(x)",
    "dx = dy ∘ (Φ(x) + x·φ(x))",
    "Near 1 for large inputs, near 0 for very negative ones. The slope was kept from the forward pass.",
  ),
  geluTanh: rule(
    "y = ½x(1 + tanh(√(2/π)(x + 0.044715x³)))",
    "dx = dy ∘ slope(x)",
    "As GELU, whose slope was kept from the forward pass.",
  ),
  swiglu: rule(
    "y = gate·σ(gate) ∘ up",
    "dgate = dy ∘ up ∘ σ(1 + gate(1 − σ)), dup = dy ∘ gate·σ",
    "A product: each side gets the gradient times the other.",
  ),
  swigluGrad: late("dgate, dup from gate, up and g", "The derivative of SwiGLU, as one op."),
  layerNorm: rule(
    "x̂ = (x − mean)/σ, y = gain ∘ x̂ + bias",
    "dx = (h − mean h − x̂ ∘ mean(h∘x̂))/σ with h = gain ∘ dy; dgain = Σ dy∘x̂, dbias = Σ dy",
    "Shifting or scaling a row changes nothing after a norm, so those two directions are taken out of its gradient.",
  ),
  layerNormGrad: late("dx, dgain, dbias from x and g", "The derivative of layer norm, as one op."),
  rmsNorm: rule(
    "x̂ = x/√(mean x²), y = gain ∘ x̂",
    "dx = (h − x̂ ∘ mean(h∘x̂))/rms with h = gain ∘ dy; dgain = Σ dy∘x̂",
    "Scaling a row changes nothing after the norm, so that direction is taken out.",
  ),
  rmsNormGrad: late("dx, dgain from x and g", "The derivative of RMS norm, as one op."),
  crossEntropy: rule(
    "y = −log softmax(z)[target]",
    "dz = dy ∘ (softmax(z) − 1 at the target)",
    "Probability minus truth: every wrong token is pushed down by what it was given, the right one is pulled up.",
  ),
  crossEntropyGrad: late(
    "dz = g ∘ (softmax(z) − onehot)",
    "The derivative of cross-entropy, as one op.",
  ),
  linear: rule(
    "Y = act(X·Wᵀ + b) + R",
    "dP = dY ∘ act′, dX = dP·W, dW = dPᵀ·X, db = Σ dP, dR = dY",
    "A product of matrices, so each gets the gradient times the other. The bias gets the sum over rows. A residual R gets dY as it is: the short way back.",
  ),
  linearPacked: none("y = x·Wᵀ + b, W packed"),
  gatherPacked: none("y = rows of a packed table"),
  linearCrossEntropy: rule(
    "y = mean of −log softmax(H·Eᵀ)[target]",
    "dZ = (softmax − onehot)/n, dH = dZ·E, dE = dZᵀ·H",
    "Head and loss as one op, so that all logits never exist at once. E is the table of token embeddings too: it gets a gradient from here and from the other end.",
  ),
  rotary: rule(
    "y = x, pairs of columns turned by angles",
    "dx = dy, turned back",
    "A rotation goes back by the opposite angle.",
  ),
  attention: rule(
    "S = Q·Kᵀ/√D, P = softmax(S), Y = P·V",
    "dV = Pᵀ·dY, dP = dY·Vᵀ, dS = P ∘ (dP − Σ dP∘P), dQ = dS·K/√D, dK = dSᵀ·Q/√D",
    "Values get the gradients of those who looked at them; queries and keys learn where to look.",
  ),
  attentionGrad: late("dQ, dK, dV from g", "The derivative of attention, as one op."),
  squaredNorm: late(
    "y = Σ x² over all arrays",
    "For clipping, after the backward pass. Through its parts it is dx = 2·dy·x.",
  ),
  adamW: late(
    "m, v and p move one step",
    "An update in place, after the backward pass. It is not differentiated.",
  ),
};

const known: Readonly<Record<string, Rule | undefined>> = rules;

/** The rule of an op on a tape. An op that somebody made with `differentiable` brings its own. */
export const ruleOf = (op: string): Rule =>
  known[op] ?? rule(`y = ${op}(x)`, "its own", "A function that brings its own derivative.");
