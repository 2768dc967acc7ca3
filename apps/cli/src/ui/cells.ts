import { stripVTControlCharacters } from "node:util";

const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]/u;
const NONE = /\p{Mn}|\p{Me}|[\u200B-\u200F]|[\uFE00-\uFE0F]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const ESCAPE = /^\x1b\[[\d;]*m/;

/** Terminal cells that one character takes: 2 for East Asian wide ones and emoji (Unicode TR 11), 0 for combining marks. */
const width = (character: string): number =>
  NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;

/** Terminal cells that a text takes; colours take none. */
export function cells(text: string): number {
  let total = 0;
  for (const character of stripVTControlCharacters(text)) total += width(character);
  return total;
}

/** The beginning of a text that fits `columns` cells. Colours are kept, and closed. */
export function cut(text: string, columns: number): string {
  let out = "";
  let used = 0;
  let coloured = false;
  for (let i = 0; i < text.length; ) {
    const colour = ESCAPE.exec(text.slice(i, i + 16));
    if (colour) {
      out += colour[0];
      coloured = true;
      i += colour[0].length;
      continue;
    }
    const character = String.fromCodePoint(text.codePointAt(i)!);
    used += width(character);
    if (used > columns) return coloured ? `${out}\x1b[0m` : out;
    out += character;
    i += character.length;
  }
  return out;
}

/** Lines of at most `columns` cells, but one character at least, broken between words where that is possible. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.trim().split(/ +/)) {
    if (line !== "" && cells(line) + 1 + cells(word) > columns) {
      lines.push(line);
      line = "";
    }
    while (word !== "" && cells(word) > columns) {
      const part = cut(word, columns) || String.fromCodePoint(word.codePointAt(0)!);
      lines.push(part);
      word = word.slice(part.length);
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** Breaks a stream of text into lines of at most `columns` cells, between words. A word waits until it is whole. */
export class WordWrap {
  #word = "";
  #used = 0;

  constructor(readonly columns: number) {}

  push(text: string): string {
    let out = "";
    for (const character of text) {
      if (character !== " " && character !== "\n") {
        this.#word += character;
        continue;
      }
      out += this.#place();
      out += character === " " && this.#used < this.columns ? " " : character === "\n" ? "\n" : "";
      this.#used = character === "\n" ? 0 : this.#used + 1;
    }
    return out;
  }

  #place(): string {
    const word = this.#word;
    const width = cells(word);
    this.#word = "";
    const breaks = this.#used > 0 && this.#used + width > this.columns;
    this.#used = breaks ? width : this.#used + width;
    return breaks ? `\n${word}` : word;
  }
}

/** Text of unknown origin on one line, without what a terminal would obey. */
export const oneLine = (text: string): string =>
  text.replace(/\s*\n\s*/g, " ").replace(/[\p{Cc}\p{Cf}]/gu, "");

const PLAIN: Readonly<Record<string, string>> = {
  "·": "|",
  "→": "->",
  "…": "...",
  "×": "x",
  "’": "'",
  "▕": "[",
  "▏": "]",
  "█": "#",
  "▁": "_",
  "▂": ".",
  "▃": ":",
  "▄": "-",
  "▅": "=",
  "▆": "+",
  "▇": "*",
};

/** Text for a terminal that shows ASCII alone. */
export const ascii = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences stay
  text.replace(/[^\x00-\x7f]/gu, (c) => PLAIN[c] ?? "?");

/** Whether the terminal shows UTF-8, by the locale, as programs in C decide it. */
export function showsUTF8(env: Readonly<Record<string, string | undefined>>): boolean {
  if (process.platform === "win32") return env.WT_SESSION !== undefined || env.TERM !== undefined;
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}
