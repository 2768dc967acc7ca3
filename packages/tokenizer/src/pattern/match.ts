import { TokenizerFormatError } from "../errors.ts";
import { before, codePointAt, lengthOf } from "../scan/classes.ts";
import { ANCHORS, holdsAt } from "./anchor.ts";
import {
  ACCEPT,
  AHEAD,
  ANCHOR,
  ATOMIC,
  BEHIND,
  JUMP,
  type Program,
  RUN,
  SET,
  SPLIT,
} from "./compile.ts";
import { FAILED, Memory, UNKNOWN } from "./memory.ts";

/** Steps a byte, of the bytes looked at and this many more, before choices are remembered. Ordinary patterns take ten. */
const PATIENCE = 64;
const MORE_BYTES = 256;
/** Numbers on the stack, at most: 256 MiB. */
const MAX_STACK = 2 ** 26;

/**
 * Runs a program over UTF-8 bytes, leftmost-first: of two alternatives the first one that leads to a match.
 *
 * It backtracks, and counts its steps. Once they are more than a constant a byte seen, it remembers for the rest of the
 * text what came of every choice (a `SPLIT`, a `RUN`) at every place, across searches and within atomic groups and
 * looks ahead: no choice is made twice at one place. So the steps of all searches of one text together are at most
 * proportional to its length; the factor is that of the program, counts such as `{2,256}` written out. Memory then takes
 * four bytes a place and choice, up to 256 MiB: what needs more is refused.
 */
export class Matcher {
  /** Where the match that {@link find} found begins; the end of the text if it found none. */
  start = 0;
  /** One past the furthest place looked at; the end of the text counts as a place. */
  reach = 0;
  /** Steps taken in this text. */
  steps = 0;
  readonly #program: Program;
  readonly #patience: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;
  #end = 0;
  #furthest = 0;
  #memory: Memory | undefined;
  /** Choices not yet exhausted, three numbers each: the instruction, the place, the least place of a RUN or -1. */
  #stack = new Int32Array(192);
  #top = 0;
  #at = 0;

  /**
   * `field`: what errors call the pattern. `patience`: the steps a byte after which choices are remembered; 0: they are
   * from the first failure on.
   */
  constructor(
    program: Program,
    readonly field: string,
    patience = PATIENCE,
  ) {
    this.#program = program;
    this.#patience = patience;
  }

  /** Whether the searches that follow are of the same text as those before. */
  holds(bytes: Uint8Array, from: number, end: number): boolean {
    return bytes === this.#bytes && from === this.#from && end === this.#end;
  }

  /** Begins with the text `bytes[from, end)`. */
  begin(bytes: Uint8Array, from: number, end: number): void {
    this.#bytes = bytes;
    this.#from = from;
    this.#end = end;
    this.#furthest = from;
    this.#memory = undefined;
    this.#top = 0;
    this.reach = from;
    this.steps = 0;
  }

  /** Lets go of the text. */
  release(): void {
    this.begin(new Uint8Array(0), 0, 0);
  }

  /** The end of the first match at or after `at`; that of the text if there is none. An empty match at `at` is none. */
  find(at: number): number {
    const { first } = this.#program;
    for (let start = at; ; start += lengthOf(this.#bytes[start]!)) {
      if (first >= 0) start = this.#skip(start, first);
      const end = first >= 0 && start >= this.#end ? FAILED : this.matchAt(start);
      if (end > start || (end === start && start > at)) {
        this.start = start;
        return end;
      }
      if (start >= this.#end) break;
    }
    this.start = this.#end;
    this.reach = this.#end + 1;
    return this.#end;
  }

  /** The end of the match that begins at `at`, or -1. */
  matchAt(at: number): number {
    return this.#run(0, at, false);
  }

  #kindAt(at: number): number {
    const { pages, kinds } = this.#program.tables;
    const byte = this.#bytes[at]!;
    if (byte < 0x80) return kinds[byte]!;
    const codePoint = codePointAt(this.#bytes, at);
    return kinds[pages[codePoint >> 8]! + (codePoint & 0xff)]!;
  }

  /** Whether the character at `at` is in `set`. */
  #is(set: number, at: number): boolean {
    if (at < this.#end && this.#program.tables.members[set + this.#kindAt(at)] === 1) return true;
    if (at >= this.reach) this.reach = at + 1;
    return false;
  }

  /** The first place from `at` on with a character of `set`, or the end. */
  #skip(at: number, set: number): number {
    const { members } = this.#program.tables;
    let start = at;
    while (start < this.#end && members[set + this.#kindAt(start)] === 0) {
      start += lengthOf(this.#bytes[start]!);
      this.steps++;
    }
    if (start >= this.reach) this.reach = start + 1;
    return start;
  }

  #push(pc: number, at: number, least: number): void {
    if (this.#top + 3 > this.#stack.length) {
      if (2 * this.#stack.length > MAX_STACK) this.#full();
      const larger = new Int32Array(2 * this.#stack.length);
      larger.set(this.#stack);
      this.#stack = larger;
    }
    this.#stack[this.#top++] = pc;
    this.#stack[this.#top++] = at;
    this.#stack[this.#top++] = least;
  }

  /** Turns memory on when the text has taken too many steps. */
  #watch(): void {
    this.#furthest = Math.max(this.#furthest, Math.min(this.reach, this.#end));
    if (this.steps > this.#patience * (this.#furthest - this.#from + MORE_BYTES))
      this.#memory ??= new Memory(this.#from, this.#end, () => this.#full());
  }

  #full(): never {
    const length = this.#end - this.#from;
    this.release();
    this.#stack = new Int32Array(192);
    throw new TokenizerFormatError(
      this.field,
      `the pattern needs more than 256 MiB to cut this text of ${length} bytes`,
      "write it with smaller counts, or cut the text into smaller ones",
    );
  }

  /** What is known of the choice at `pc`. What it looked at once is not known, so it may have been the end. */
  #known(memory: Memory, pc: number, at: number): number {
    const known = memory.get(pc, at);
    if (known !== UNKNOWN) this.reach = this.#end + 1;
    return known;
  }

  /** A match of the code at `address` ends at `at`: so do all choices that led there. */
  #accept(base: number, at: number, inner: boolean): number {
    // Outside of groups a match is consumed, and none of its choices is met again.
    if (inner) this.#watch();
    if (this.#memory && inner)
      for (let i = base; i < this.#top; i += 3) {
        const pc = this.#stack[i]!;
        if (this.#stack[i + 2] === -1) this.#memory.set(pc < 0 ? ~pc : pc, this.#stack[i + 1]!, at);
      }
    this.#top = base;
    if (at > this.reach) this.reach = at;
    return at;
  }

  /** Whether the anchor of index `anchor` holds at `at`. `word`: the set of \w. */
  #holdsAt(anchor: number, word: number, at: number): boolean {
    // `\Z` looks at the place after a newline too.
    this.reach = Math.max(this.reach, at + 2);
    return holdsAt(ANCHORS[anchor]!, this.#bytes, this.#from, this.#end, at, () => [
      at > this.#from && this.#is(word, before(this.#bytes, at)),
      this.#is(word, at),
    ]);
  }

  /** Where the code at `address` ends when run from `place`, or -1. `inner`: the code is that of a group. */
  #run(address: number, place: number, inner: boolean): number {
    const { code } = this.#program;
    const base = this.#top;
    let pc = address;
    let at = place;
    for (;;) {
      this.steps++;
      // An instruction that succeeds goes on with the loop; one that fails leaves the switch.
      switch (code[pc]) {
        case ACCEPT:
          return this.#accept(base, at, inner);
        case SET:
          if (!this.#is(code[pc + 1]!, at)) break;
          at += lengthOf(this.#bytes[at]!);
          pc += 2;
          continue;
        case JUMP:
          pc = code[pc + 1]!;
          continue;
        case SPLIT: {
          const set = code[pc + 1]!;
          if (set >= 0 && !this.#is(set, at)) {
            pc = code[pc + 3]!;
            continue;
          }
          const known = this.#memory ? this.#known(this.#memory, pc, at) : UNKNOWN;
          if (known === FAILED) break;
          if (known !== UNKNOWN) return this.#accept(base, known, inner);
          this.#push(pc, at, -1);
          pc = code[pc + 2]!;
          continue;
        }
        case RUN: {
          const stop = this.#memory
            ? this.#rememberedRun(pc, at, this.#memory)
            : this.#plainRun(pc, at);
          if (stop === FAILED) break;
          if (stop < FAILED) return this.#accept(base, ~stop - 1, inner);
          at = stop;
          pc += 5;
          continue;
        }
        case AHEAD: {
          const end = this.#run(pc + 3, at, true);
          if (end >= 0 === (code[pc + 1] === 1)) break;
          pc = code[pc + 2]!;
          continue;
        }
        case ATOMIC: {
          const end = this.#run(pc + 2, at, true);
          if (end < 0) break;
          at = end;
          pc = code[pc + 1]!;
          continue;
        }
        case BEHIND: {
          const is = at > this.#from && this.#is(code[pc + 2]!, before(this.#bytes, at));
          if (is === (code[pc + 1] === 1)) break;
          pc += 3;
          continue;
        }
        case ANCHOR:
          if (!this.#holdsAt(code[pc + 1]!, code[pc + 2]!, at)) break;
          pc += 3;
          continue;
      }
      this.#watch();
      pc = this.#retreat(base);
      if (pc < 0) return FAILED;
      at = this.#at;
    }
  }

  /** The end of the run at `at`, or {@link FAILED}; what it may give back is pushed. */
  #plainRun(pc: number, at: number): number {
    const { code, tables } = this.#program;
    const [set, least, most] = [code[pc + 1]!, code[pc + 2]!, code[pc + 3]!];
    let stop = at;
    let count = 0;
    let low = -1;
    while (count !== most) {
      if (stop >= this.#end || tables.members[set + this.#kindAt(stop)] === 0) {
        if (stop >= this.reach) this.reach = stop + 1;
        break;
      }
      if (count === least) low = stop;
      stop += lengthOf(this.#bytes[stop]!);
      count++;
    }
    this.steps += count;
    if (count < least) return FAILED;
    if (low >= 0 && code[pc + 4] === 0) this.#push(pc, stop, low);
    return stop;
  }

  /** The same with memory. `~(end + 1)` where it is known that what follows the run ends at `end`. */
  #rememberedRun(pc: number, at: number, memory: Memory): number {
    const { code } = this.#program;
    const [set, least, most] = [code[pc + 1]!, code[pc + 2]!, code[pc + 3]!];
    if (code[pc + 4] === 1) {
      const known = this.#known(memory, pc, at);
      if (known !== UNKNOWN) return known;
      const stop = this.#plainRun(pc, at);
      for (let i = at; i < stop; i += lengthOf(this.#bytes[i]!)) memory.set(pc, i, stop);
      return stop;
    }
    if (most >= 0) {
      const known = this.#known(memory, pc, at);
      if (known !== UNKNOWN) return known === FAILED ? FAILED : ~(known + 1);
      this.#push(~pc, at, -1);
      return this.#plainRun(pc, at);
    }
    // Without a bound each further character is a choice of its own: runs that begin apart meet in them.
    let stop = at;
    for (let count = 0; ; count++) {
      if (count >= least) {
        const known = this.#known(memory, pc, stop);
        if (known !== UNKNOWN) return known === FAILED ? FAILED : ~(known + 1);
      }
      const more = this.#is(set, stop);
      if (!more && count < least) return FAILED;
      if (count >= least) this.#push(more ? pc : ~pc, stop, -1);
      if (!more) return stop;
      stop += lengthOf(this.#bytes[stop]!);
      this.steps++;
    }
  }

  /** Takes the next of the last choice's ways: the code, with the place in `#at`; -1 when there is none. */
  #retreat(base: number): number {
    const { code } = this.#program;
    const stack = this.#stack;
    while (this.#top > base) {
      const entry = this.#top - 3;
      const pc = stack[entry]!;
      const at = stack[entry + 1]!;
      const least = stack[entry + 2]!;
      if (pc < 0) {
        this.#memory?.set(~pc, at, FAILED);
        this.#top = entry;
        continue;
      }
      if (least >= 0) {
        this.#at = before(this.#bytes, at);
        if (this.#at > least) stack[entry + 1] = this.#at;
        else this.#top = entry;
        return pc + 5;
      }
      this.#at = at;
      // Its last way: when that fails too, the choice has.
      if (this.#memory) stack[entry] = ~pc;
      else this.#top = entry;
      return code[pc] === SPLIT ? code[pc + 3]! : pc + 5;
    }
    return -1;
  }
}
