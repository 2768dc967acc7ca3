import type { Output } from "../io.ts";
import { cells, cut } from "./cells.ts";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
// DEC private mode 2026: the terminal shows the frame whole, or ignores the mode. https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036
const BEGIN = "\x1b[?2026h";
const END = "\x1b[?2026l";
const FRAME_MS = 100;

/** Lines at the bottom of a terminal that are drawn again and again; logs scroll by above them. */
export class Window {
  #drawn: readonly string[] = [];
  #last = -Infinity;
  #open = false;

  constructor(
    readonly output: Output,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** Draws the lines that `content` gives, unless a frame was drawn less than 100 ms ago. */
  draw(content: () => readonly string[], { force = false } = {}): void {
    const now = this.now();
    if (!force && now - this.#last < FRAME_MS) return;
    this.#last = now;
    this.#show("", content());
  }

  /** Writes lines that stay, above the window. */
  log(text: string): void {
    this.#show(`${text}\n`, this.#drawn);
  }

  /** Takes the window away and gives the cursor back. What is logged stays. */
  close(): void {
    if (!this.#open) return;
    this.output.write(`${BEGIN}${this.#erase()}${SHOW_CURSOR}${END}`);
    this.#drawn = [];
    this.#open = false;
  }

  #show(above: string, lines: readonly string[]): void {
    const { columns } = this.output;
    const erase = this.#erase();
    // A cell is left free: some terminals wrap when the last one is written.
    this.#drawn = lines.map((line) => cut(line, columns - 1));
    const cursor = this.#open ? "" : HIDE_CURSOR;
    this.#open = true;
    this.output.write(`${BEGIN}${cursor}${erase}${above}${this.#drawn.join("\n")}${END}`);
  }

  /** Back to the first cell of the window, and clear all below. A terminal made narrower has wrapped its lines. */
  #erase(): string {
    if (this.#drawn.length === 0) return "";
    const columns = Math.max(this.output.columns, 1);
    const rows = this.#drawn.reduce((n, l) => n + Math.max(Math.ceil(cells(l) / columns), 1), 0);
    return `\r${rows > 1 ? `\x1b[${rows - 1}A` : ""}\x1b[J`;
  }
}
