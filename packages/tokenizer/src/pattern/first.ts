import { type CodePoints, NONE, union } from "./set.ts";
import type { Node } from "./syntax.ts";

/** Whether `node` may match nothing. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "sequence":
      return node.items.every(isNullable);
    case "either":
      return node.items.some(isNullable);
    case "repeat":
      return node.min === 0 || isNullable(node.item);
    case "atomic":
      return isNullable(node.item);
    case "ahead":
    case "behind":
    case "anchor":
      return true;
  }
}

/** The characters that a match of `node` may begin with, if it is not empty. */
export function first(node: Node): CodePoints {
  switch (node.kind) {
    case "set":
      return node.set;
    case "sequence": {
      const end = node.items.findIndex((item) => !isNullable(item));
      return union(...node.items.slice(0, end < 0 ? undefined : end + 1).map(first));
    }
    case "either":
      return union(...node.items.map(first));
    case "repeat":
      return node.max === 0 ? NONE : first(node.item);
    case "atomic":
      return first(node.item);
    case "ahead":
    case "behind":
    case "anchor":
      return NONE;
  }
}
