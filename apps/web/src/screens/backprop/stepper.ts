import type { Trace, TraceNode } from "../../engine/trace.ts";

/** A moment of the walk over a tape: an op that runs, or one that is undone. */
export interface Frame {
  readonly pass: "forward" | "backward";
  readonly node: number;
}

/** Each op as it ran, then those that the gradient came back to, last first. */
export const framesOf = ({ nodes, backward }: Pick<Trace, "nodes" | "backward">): Frame[] => [
  ...nodes
    .filter(({ kind }) => kind === "op")
    .map(({ id }): Frame => ({ pass: "forward", node: id })),
  ...backward.map((node): Frame => ({ pass: "backward", node })),
];

/** Whether a node's value, or its whole gradient, is known at a frame: what is dim in the drawing is not. */
export function knownAt(
  { nodes, backward }: Pick<Trace, "nodes" | "backward">,
  { pass, node }: Frame,
): { value: (id: number) => boolean; grad: (id: number) => boolean } {
  if (pass === "forward")
    return { value: (id) => nodes[id]!.kind === "leaf" || id <= node, grad: () => false };
  const done = new Set(backward.slice(0, backward.indexOf(node) + 1));
  // A gradient is whole when all that used the node have been undone.
  const whole = (id: number) =>
    done.has(id) ||
    nodes.every(
      (user) => done.has(user.id) || user.inputs.every(({ from, nth }) => from !== id || !nth),
    );
  return { value: () => true, grad: (id) => nodes[id]!.grad !== undefined && whole(id) };
}

/** "2nd of 2 uses" */
export function useText(nth: number, { uses }: TraceNode): string {
  if (uses === 1) return "its only use";
  const ending = ["th", "st", "nd", "rd"][nth % 10 < 4 && (nth < 10 || nth > 20) ? nth % 10 : 0];
  return `${nth}${ending} of ${uses} uses`;
}
