/** What a person typed cannot be read: where, from 0, and why. */
export class ExpressionError extends Error {
  override name = "ExpressionError";
  constructor(
    readonly position: number,
    message: string,
  ) {
    super(message);
  }
}

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "call"; readonly op: Unary; readonly of: Expression }
  | {
      readonly kind: "pair";
      readonly op: Binary;
      readonly left: Expression;
      readonly right: Expression;
    };

export type Unary = "exp" | "log" | "tanh" | "neg";
export type Binary = "add" | "sub" | "mul" | "div";

/** Leaves and ops that an expression may have: as many as a screen shows at once. */
export const MOST_NODES = 12;

const FUNCTIONS: ReadonlySet<string> = new Set(["exp", "log", "tanh"]);
const SIGNS: Readonly<Record<string, Binary>> = {
  "+": "add",
  "-": "sub",
  "−": "sub",
  "*": "mul",
  "×": "mul",
  "·": "mul",
  "/": "div",
  "÷": "div",
};
const TOKEN = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|([-+−*×·/÷()]))/y;

interface Token {
  readonly at: number;
  readonly text: string;
  readonly kind: "number" | "name" | "sign" | "end";
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ; ) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) {
      const rest = text.slice(at).trimStart();
      const where = text.length - rest.length;
      if (rest === "") return [...tokens, { at: text.length, text: "the end", kind: "end" }];
      throw new ExpressionError(
        where,
        `"${String.fromCodePoint(rest.codePointAt(0)!)}" cannot be here; use + − × ÷, exp, log, tanh, parentheses, numbers and names`,
      );
    }
    const [all, number, name, sign] = found;
    const kind = number !== undefined ? "number" : name !== undefined ? "name" : "sign";
    const word = (number ?? name ?? sign)!;
    at += all.length;
    tokens.push({ at: at - word.length, text: word, kind });
  }
}

/**
 * Reads sums of products of numbers, names, exp, log and tanh, with parentheses. Throws {@link ExpressionError} for anything else,
 * for an expression without a name, and for one of more than 12 nodes.
 */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  let next = 0;
  const peek = () => tokens[next]!;
  const fail = (why: string): never => {
    throw new ExpressionError(peek().at, why);
  };
  const takes = (sign: string) => {
    if (peek().kind !== "sign" || peek().text !== sign) return false;
    next++;
    return true;
  };
  const expect = (sign: string, after: string) => {
    if (!takes(sign)) fail(`"${sign}" is missing after ${after}; found ${peek().text}`);
  };

  const chain = (operators: string, operand: () => Expression): Expression => {
    let left = operand();
    while (peek().kind === "sign" && operators.includes(peek().text)) {
      const op = SIGNS[tokens[next++]!.text]!;
      left = { kind: "pair", op, left, right: operand() };
    }
    return left;
  };
  const sum = (): Expression => chain("+-−", product);
  const product = (): Expression => chain("*×·/÷", signed);
  const signed = (): Expression =>
    takes("-") || takes("−") ? { kind: "call", op: "neg", of: signed() } : primary();
  const primary = (): Expression => {
    const { kind, text } = peek();
    if (takes("(")) {
      const inner = sum();
      expect(")", "the part in parentheses");
      return inner;
    }
    if (kind === "number") {
      next++;
      return { kind: "number", value: Number(text) };
    }
    if (kind !== "name") return fail(`a number or a name is missing here; found ${text}`);
    next++;
    if (!FUNCTIONS.has(text)) {
      if (peek().text === "(") fail(`${text} is no function here; there are exp, log and tanh`);
      return { kind: "name", name: text };
    }
    expect("(", text);
    const of = sum();
    expect(")", `what ${text} is of`);
    return { kind: "call", op: text as Unary, of };
  };

  const whole = sum();
  if (peek().kind !== "end") fail(`an operator is missing before ${peek().text}`);
  if (namesIn(whole).length === 0)
    throw new ExpressionError(0, "there is no name in it to differentiate for; write x, say");
  const nodes = countNodes(whole);
  if (nodes > MOST_NODES)
    throw new ExpressionError(0, `it has ${nodes} nodes; ${MOST_NODES} at most can be shown`);
  return whole;
}

/** The names in an expression, in the order in which they first come. */
export function namesIn(e: Expression): string[] {
  const names = new Set<string>();
  const walk = (e: Expression): void => {
    if (e.kind === "name") names.add(e.name);
    else if (e.kind === "call") walk(e.of);
    else if (e.kind === "pair") {
      walk(e.left);
      walk(e.right);
    }
  };
  walk(e);
  return [...names];
}

/** Leaves by name, and ops. Numbers ride along as constants. */
function countNodes(e: Expression): number {
  const ops = (e: Expression): number =>
    e.kind === "call" ? 1 + ops(e.of) : e.kind === "pair" ? 1 + ops(e.left) + ops(e.right) : 0;
  return ops(e) + namesIn(e).length;
}
