import type { Trace, TraceNode } from "../engine/trace.ts";

/** A box of the drawing: a leaf, an op, or a module that is closed. */
export interface Box {
  readonly key: string;
  /** A node's number; of a module, the last of its ops, whose result it hands on. */
  readonly node: number;
  readonly kind: "leaf" | "op" | "module";
  readonly title: string;
  /** Modules that are open around it. */
  readonly place: string;
  /** How many ops and parameters are inside; 0 for an op or a leaf. */
  readonly ops: number;
  readonly leaves: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Edge {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly path: string;
  /** In pixels, by the logarithm of |grad|. */
  readonly thickness: number;
  /** Absent where no gradient came along it. */
  readonly rms?: number;
}

export interface Drawing {
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
  /** Narrow: the text of a box takes a line more. */
  readonly compact: boolean;
}

interface Sizes {
  /** From one op to the next, of an op's box, and from one leaf to the next. */
  readonly row: number;
  readonly box: number;
  readonly leaf: number;
}
const WIDE: Sizes = { row: 58, box: 44, leaf: 34 };
const COMPACT: Sizes = { row: 74, box: 60, leaf: 46 };
/** Below it a box has no room for a name and a shape side by side. */
const COMPACT_BELOW = 520;
const PAD = 8;

/** "block 1/attention" → "block 1", "block 1/attention" */
export const placesAround = (place: string): string[] =>
  place === "" ? [] : place.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"));

/** The outermost module around a place that is not open; `undefined` when all are. */
export const closedAround = (place: string, open: ReadonlySet<string>): string | undefined =>
  placesAround(place).find((p) => !open.has(p));

/** The key of the box that a node is drawn as: a module that is closed around it, or its own. */
export const boxOf = (node: TraceNode, open: ReadonlySet<string>): string =>
  closedAround(node.place, open) ?? String(node.id);

/**
 * Places one op a row, in the order of the tape, with leaves at the left of the first op that uses them. Results go down the
 * middle; those that skip rows go around at the right.
 */
export function layoutGraph(
  { nodes }: Pick<Trace, "nodes">,
  open: ReadonlySet<string>,
  width: number,
): Drawing {
  const compact = width < COMPACT_BELOW;
  const sizes = compact ? COMPACT : WIDE;
  const rows: { key: string; members: TraceNode[] }[] = [];
  const at = new Map<string, number>();
  for (const node of nodes.filter(({ kind }) => kind === "op")) {
    const key = boxOf(node, open);
    const row = at.get(key);
    if (row === undefined) {
      at.set(key, rows.length);
      rows.push({ key, members: [node] });
    } else rows[row]!.members.push(node);
  }
  const leavesOf = new Map<number, TraceNode[]>();
  for (const leaf of nodes.filter(({ kind }) => kind === "leaf")) {
    const user = nodes.find(({ inputs }) => inputs.some(({ from }) => from === leaf.id));
    const row = user ? at.get(boxOf(user, open))! : 0;
    leavesOf.set(row, [...(leavesOf.get(row) ?? []), leaf]);
  }

  const skip = Math.min(56, width * 0.14);
  const left = Math.round((width - skip) * 0.4);
  const boxes: Box[] = [];
  const boxAt = new Map<number, Box>();
  const bottom = { y: PAD };
  rows.forEach(({ key, members }, row) => {
    const closed = !/^\d+$/.test(key);
    const leaves = leavesOf.get(row) ?? [];
    const last = members.at(-1)!;
    const shown = closed ? [] : leaves;
    const height = Math.max(sizes.row, shown.length * sizes.leaf + 10);
    const y = bottom.y + (height - sizes.row) / 2;
    const box: Box = {
      ...{ key, node: last.id, kind: closed ? "module" : "op" },
      title: closed ? key.split("/").at(-1)! : last.op,
      place: closed ? key.split("/").slice(0, -1).join("/") : last.place,
      ...{ ops: closed ? members.length : 0, leaves: closed ? leaves.length : 0 },
      ...{ x: left + PAD, y, width: width - skip - left - 2 * PAD, height: sizes.box },
    };
    shown.forEach((leaf, i) => {
      const top =
        bottom.y +
        (height - sizes.row - shown.length * sizes.leaf + sizes.box + 6) / 2 +
        i * sizes.leaf;
      const drawn: Box = {
        ...{ key: String(leaf.id), node: leaf.id, kind: "leaf", title: leaf.name },
        ...{ place: leaf.place, ops: 0, leaves: 0 },
        ...{ x: PAD, y: top, width: left - 28, height: sizes.leaf - 6 },
      };
      boxes.push(drawn);
      boxAt.set(leaf.id, drawn);
    });
    boxes.push(box);
    for (const member of members) boxAt.set(member.id, box);
    for (const leaf of closed ? leaves : []) boxAt.set(leaf.id, box);
    bottom.y += height;
  });
  if (rows.length === 0)
    for (const [i, leaf] of nodes.entries()) {
      const box: Box = {
        ...{ key: String(leaf.id), node: leaf.id, kind: "leaf", title: leaf.name },
        ...{ place: "", ops: 0, leaves: 0 },
        ...{ x: PAD, y: PAD + i * sizes.leaf, width: left, height: sizes.leaf - 6 },
      };
      boxes.push(box);
      bottom.y = box.y + sizes.leaf;
    }
  const edges = edgesOf(nodes, boxAt, { width, skip });
  return { boxes, edges, width, height: bottom.y + PAD, compact };
}

function edgesOf(
  nodes: readonly TraceNode[],
  boxAt: ReadonlyMap<number, Box>,
  { width, skip }: { width: number; skip: number },
): Edge[] {
  const order = [...new Set(boxAt.values())];
  const found = new Map<string, { from: number; to: number; a: Box; b: Box; rms?: number }>();
  for (const node of nodes)
    for (const { from, given } of node.inputs) {
      const [a, b] = [boxAt.get(from), boxAt.get(node.id)!];
      if (!a || a === b) continue;
      const key = `${a.key}>${b.key}`;
      const sofar = found.get(key)?.rms;
      const rms = given ? Math.max(given.rms, sofar ?? 0) : sofar;
      found.set(key, { from, to: node.id, a, b, ...(rms === undefined ? {} : { rms }) });
    }
  const sizes = [...found.values()].flatMap(({ rms }) => (rms ? [Math.log(rms)] : []));
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const thick = (rms: number | undefined) =>
    !rms ? 1 : most === least ? 4 : 1.5 + (7 * (Math.log(rms) - least)) / (most - least);
  const ops = order.filter(({ kind }) => kind !== "leaf").sort((p, q) => p.y - q.y);
  return Array.from(found, ([key, { from, to, a, b, rms }]): Edge => {
    const rows = ops.indexOf(b) - ops.indexOf(a);
    return {
      ...{ key, from, to, thickness: thick(rms) },
      path: pathOf(a, b, a.kind === "leaf" ? 0 : rows, { width, skip }),
      ...(rms === undefined ? {} : { rms }),
    };
  });
}

/** Down from row to row, across from a leaf, or around what lies between. */
function pathOf(a: Box, b: Box, rows: number, { width, skip }: { width: number; skip: number }) {
  const round = (n: number) => Math.round(n * 10) / 10;
  if (a.kind === "leaf") {
    const [x1, y1, x2, y2] = [a.x + a.width, a.y + a.height / 2, b.x, b.y + b.height / 2];
    const middle = round((x1 + x2) / 2);
    return `M${round(x1)} ${round(y1)}C${middle} ${round(y1)} ${middle} ${round(y2)} ${round(x2)} ${round(y2)}`;
  }
  if (rows === 1) {
    const x = round(b.x + b.width / 2);
    return `M${x} ${round(a.y + a.height)}L${x} ${round(b.y)}`;
  }
  const [x, y1, y2] = [round(a.x + a.width), round(a.y + a.height / 2), round(b.y + b.height / 2)];
  const out = round(Math.min(width - 6, x + skip * Math.min(0.95, 0.35 + 0.1 * Math.abs(rows))));
  return `M${x} ${y1}C${out} ${y1} ${out} ${y2} ${round(b.x + b.width)} ${y2}`;
}
