import { ANCHORS } from "./anchor.ts";
import { first, isNullable } from "./first.ts";
import { word } from "./properties.ts";
import { type CodePoints, NONE } from "./set.ts";
import type { Node, Repeat } from "./syntax.ts";
import { KINDS, type Tables, tablesOf } from "./tables.ts";

// Instructions; a set is its place in Tables.members, an address an index of the code.
export const ACCEPT = 0;
/** set: one character of it. */
export const SET = 1;
/** set, address, address: the first address, and the second when that fails; the second at once unless the next character is in the set (-1: any). */
export const SPLIT = 2;
/** address. */
export const JUMP = 3;
/** set, least, most (-1: no bound), 1 for possessive: as many of the set as there are, and fewer when that fails. */
export const RUN = 4;
/** 1 for negated, address: looks ahead at the code that follows, goes on at the address. */
export const AHEAD = 5;
/** address: runs the code that follows, once; goes on at the address. */
export const ATOMIC = 6;
/** 1 for negated, set: looks at the character before. */
export const BEHIND = 7;
/** anchor, set of \w. */
export const ANCHOR = 8;

/** A pattern in instructions. */
export interface Program {
  readonly code: Int32Array;
  readonly tables: Tables;
  /** The set that every match begins with; -1 when a match may be empty. */
  readonly first: number;
  /** Whether what lies before a character can change a match that begins with it. */
  readonly looksBehind: boolean;
}

const MAX_CODE = 100_000;

/** `undefined` for a pattern that is too large: it repeats more than fits, or tells too many kinds of characters apart. */
export function compile(node: Node): Program | undefined {
  const code: number[] = [];
  const sets: CodePoints[] = [];
  const places = new Map<string, number>();
  let looksBehind = false;

  const place = (set: CodePoints): number => {
    const key = set.join();
    const found = places.get(key) ?? sets.push(set) - 1;
    places.set(key, found);
    return found * KINDS;
  };
  /** What must come next for `item` to match; -1 when nothing must. */
  const peek = (item: Node): number => (isNullable(item) ? -1 : place(first(item)));
  /** Emits an instruction with the address, yet unknown, as its last operand; the result sets it to here. */
  const forward = (...instruction: number[]): (() => void) => {
    const at = code.push(...instruction, 0) - 1;
    return () => {
      code[at] = code.length;
    };
  };

  function either(items: readonly Node[]): void {
    const ends = items.map((item, i) => {
      if (i + 1 === items.length) return emit(item);
      const next = forward(SPLIT, peek(item), code.length + 4);
      emit(item);
      const end = forward(JUMP);
      next();
      return end;
    });
    for (const end of ends) end?.();
  }

  /** `item` or nothing: without it, the code goes on where the result is called. */
  function optional(item: Node, lazy: boolean): () => void {
    const next = code.length + 4;
    const at = lazy ? code.push(SPLIT, -1, 0, next) - 2 : code.push(SPLIT, peek(item), next, 0) - 1;
    emit(item);
    return () => {
      code[at] = code.length;
    };
  }

  function repeat({ item, min, max, how }: Repeat): void {
    if (item.kind === "set" && how !== "lazy") {
      const most = max === Number.POSITIVE_INFINITY ? -1 : max;
      code.push(RUN, place(item.set), min, most, how === "possessive" ? 1 : 0);
      return;
    }
    if (how === "possessive") {
      emit({ kind: "atomic", item: { kind: "repeat", item, min, max, how: "greedy" } });
      return;
    }
    const lazy = how === "lazy";
    for (let i = 0; i < min && code.length < MAX_CODE; i++) {
      const before = code.length;
      emit(item);
      if (code.length === before) return; // nothing, however often
    }
    if (max === Number.POSITIVE_INFINITY) {
      const loop = code.length;
      const end = optional(item, lazy);
      code.push(JUMP, loop);
      end();
      return;
    }
    const ends: (() => void)[] = [];
    for (let i = min; i < max && code.length < MAX_CODE; i++) ends.push(optional(item, lazy));
    for (const end of ends) end();
  }

  function emit(node: Node): void {
    switch (node.kind) {
      case "set":
        code.push(SET, place(node.set));
        break;
      case "sequence":
        for (const item of node.items) emit(item);
        break;
      case "either":
        either(node.items);
        break;
      case "repeat":
        repeat(node);
        break;
      case "atomic":
      case "ahead": {
        const after =
          node.kind === "atomic" ? forward(ATOMIC) : forward(AHEAD, node.negated ? 1 : 0);
        emit(node.item);
        code.push(ACCEPT);
        after();
        break;
      }
      case "behind":
        looksBehind = true;
        code.push(BEHIND, node.negated ? 1 : 0, place(node.set));
        break;
      case "anchor": {
        const { anchor } = node;
        const edge = anchor === "wordEdge" || anchor === "noWordEdge";
        looksBehind ||= edge || anchor === "lineStart" || anchor === "textStart";
        code.push(ANCHOR, ANCHORS.indexOf(anchor), place(edge ? word() : NONE));
        break;
      }
    }
  }

  const start = peek(node);
  emit(node);
  code.push(ACCEPT);
  const tables = code.length < MAX_CODE ? tablesOf(sets) : undefined;
  return tables && { code: Int32Array.from(code), tables, first: start, looksBehind };
}
