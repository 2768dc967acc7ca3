import type { WrittenToken } from "../../engine/write.ts";

/** A token of a text that may go on in several ways. */
export interface Node {
  readonly id: number;
  readonly token: WrittenToken;
  /** True where a person chose it and not the sampler. */
  readonly chosen: boolean;
  readonly parent: Node | undefined;
  readonly children: Node[];
}

/** A text and every branch of it that was tried; the way from the prompt to `end` is what is shown. */
export class Branches {
  readonly roots: Node[] = [];
  end: Node | undefined;

  /** The tokens from the prompt to the end. */
  get path(): Node[] {
    const path: Node[] = [];
    for (let node = this.end; node; node = node.parent) path.unshift(node);
    return path;
  }

  get ids(): number[] {
    return this.path.map((node) => node.id);
  }

  /** The last token of each branch, in the order in which they began. */
  get ends(): Node[] {
    const ends: Node[] = [];
    const walk = (nodes: readonly Node[]) => {
      for (const node of nodes)
        if (node.children.length === 0) ends.push(node);
        else walk(node.children);
    };
    walk(this.roots);
    return ends;
  }

  /** Goes on with `token`: along the branch that has it already, or a new one. */
  push(token: WrittenToken, chosen = false): void {
    const siblings = this.end?.children ?? this.roots;
    let next = siblings.find((node) => node.id === token.id);
    if (!next) {
      next = { id: token.id, token, chosen, parent: this.end, children: [] };
      siblings.push(next);
    }
    this.end = next;
  }

  /** Takes candidate `id` in the place of `node`. Throws RangeError when it is none. */
  branch(node: Node, id: number): void {
    const candidate = node.token.candidates.find((c) => c.id === id);
    if (!candidate) throw new RangeError(`id ${id} is no candidate there`);
    this.end = node.parent;
    this.push({ ...candidate, candidates: node.token.candidates }, true);
  }

  /** Shows the branch that ends in `node`. */
  go(node: Node): void {
    this.end = node;
  }

  clear(): void {
    this.roots.length = 0;
    this.end = undefined;
  }
}
