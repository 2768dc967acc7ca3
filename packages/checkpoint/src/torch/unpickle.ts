import type { Cursor } from "../cursor.ts";
import { GLOBALS } from "./globals.ts";
import { OPCODES } from "./opcodes.ts";
import type { Storage, Value } from "./value.ts";

/** How deep containers may nest while they are built. */
const MAX_DEPTH = 1000;
/** Far more than any model has; it bounds what a pickle of nothing but containers can allocate. */
const MAX_CONTAINERS = 1_000_000;
/** As many values can be made at most; a checkpoint of a thousand layers has less than a tenth of it. */
const MAX_STEPS = 10_000_000;

/** The stack machine that pickles are programs of. */
export class Machine {
  readonly stack: Value[] = [];
  readonly marks: number[] = [];
  readonly memo = new Map<number, Value>();
  #containers = 0;

  constructor(
    readonly cursor: Cursor,
    readonly storage: (id: Value) => Storage | undefined,
  ) {}

  push(value: Value): void {
    this.stack.push(value);
  }

  /** Pushes what takes memory of its own: as much as `copied` containers, beside itself. */
  pushContainer(value: Value, copied = 0): void {
    this.#containers += 1 + copied;
    if (this.#containers > MAX_CONTAINERS)
      throw this.cursor.fail(
        `the pickle makes more than ${MAX_CONTAINERS} containers; save the tensors alone`,
      );
    this.stack.push(value);
  }

  mark(): void {
    if (this.marks.length >= MAX_DEPTH)
      throw this.cursor.fail(
        `the pickle is nested deeper than ${MAX_DEPTH}: it is damaged or made to do harm`,
      );
    this.marks.push(this.stack.length);
  }

  /** Takes `count` values off, in the order they were pushed. */
  take(count: number): Value[] {
    this.#need(count);
    return this.stack.splice(this.stack.length - count);
  }

  pop(): Value {
    this.#need(1);
    return this.stack.pop()!;
  }

  /** Nothing is taken from below the last mark. */
  #need(count: number): void {
    if (this.stack.length - (this.marks.at(-1) ?? 0) < count)
      throw this.cursor.fail("the pickle takes a value from an empty stack: it is damaged");
  }

  /** Takes off all that was pushed since the last mark, and the mark. */
  sinceMark(): Value[] {
    const mark = this.marks.pop();
    if (mark === undefined)
      throw this.cursor.fail("the pickle goes back to a mark that it did not set: it is damaged");
    return this.stack.splice(mark);
  }

  /** The value on top that satisfies `is`. */
  top<T extends Value>(is: (value: Value) => value is T, what: string): T {
    const value = this.pop();
    this.stack.push(value);
    if (!is(value)) throw this.cursor.fail(`the pickle fills ${what} that is none: it is damaged`);
    return value;
  }

  recall(key: number): void {
    const value = this.memo.get(key);
    if (value === undefined)
      throw this.cursor.fail(`the pickle recalls value ${key}, which it did not keep`);
    this.stack.push(value);
  }

  global(module: string, name: string): void {
    const full = `${module}.${name}`;
    const global = GLOBALS.get(full);
    if (!global)
      throw this.cursor.fail(
        `the pickle asks for ${full}, which is none of the few names that tensors need; nothing of it was run. ` +
          "Save the tensors alone: torch.save(model.state_dict(), …), or as safetensors",
      );
    this.stack.push(global);
  }
}

/**
 * Reads one pickle (protocols 2 to 5, as torch.save writes them) and leaves the cursor behind it. No code is run: of all
 * names, those of {@link GLOBALS} alone are known, and every other is an error. `storage` makes a storage of a persistent id.
 * Throws FormatError. The opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
export function unpickle(
  cursor: Cursor,
  storage: (id: Value) => Storage | undefined = () => undefined,
): Value {
  const machine = new Machine(cursor, storage);
  for (let step = 0; step < MAX_STEPS; step++) {
    const code = cursor.u8();
    if (code === 0x2e) return machine.pop();
    const run = OPCODES.get(code);
    if (!run)
      throw cursor.fail(
        `the pickle has opcode 0x${code.toString(16).padStart(2, "0")}, which plain tensors do not need; ` +
          "save the tensors alone: torch.save(model.state_dict(), …)",
        cursor.at - 1,
      );
    run(machine);
  }
  throw cursor.fail(`the pickle has more than ${MAX_STEPS} opcodes; save the tensors alone`);
}
