import { duration, quantity } from "../ui/format.ts";
import type { Ticker } from "../ui/ticker.ts";

/** Tells how much of several files has come, how fast, and how long the rest will take. */
export class Meter {
  #before = 0;
  #came = 0;
  readonly #started = performance.now();
  constructor(
    readonly what: string,
    readonly total: number,
    readonly ticker: Ticker,
  ) {}

  /** For the next file: what to call with the bytes of it that are here. Those of the first call came earlier. */
  file(size: number): (bytes: number) => void {
    const before = this.#before;
    this.#before += size;
    let last: number | undefined;
    return (bytes) => {
      this.#came += Math.max(bytes - (last ?? bytes), 0);
      last = bytes;
      this.#tell(before + bytes);
    };
  }

  #tell(done: number): void {
    const { what, total } = this;
    const speed = (1000 * this.#came) / (performance.now() - this.#started);
    const rest =
      speed > 0 ? ` · ${quantity(speed, "B/s")} · ${duration((total - done) / speed)} left` : "";
    const detail = `: ${quantity(done, "B")} of ${quantity(total, "B")}${rest}`;
    this.ticker.tick({ what, done, total, detail });
  }
}
