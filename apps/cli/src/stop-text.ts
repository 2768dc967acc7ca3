/** Cuts a stream of text before the first occurrence of a stop text, wherever its parts begin and end. */
export class StopText {
  found = false;
  #held = "";

  constructor(readonly stop: string | undefined) {}

  /** The text that can be shown after `part` has come: what may be the beginning of the stop text waits. */
  push(part: string): string {
    const { stop } = this;
    if (stop === undefined) return part;
    if (this.found) return "";
    const text = this.#held + part;
    const at = text.indexOf(stop);
    if (at >= 0) {
      this.found = true;
      this.#held = "";
      return text.slice(0, at);
    }
    let keep = Math.min(stop.length - 1, text.length);
    while (!stop.startsWith(text.slice(text.length - keep))) keep--;
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** What waited, when no more comes. */
  flush(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}
