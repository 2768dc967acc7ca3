import { recall, remember } from "./memory.ts";

const KEY = "muladd awake";

/** Keeps the screen on while training, when its owner wants it and the browser can. */
class WakeLock {
  readonly possible = "wakeLock" in navigator;
  wanted = $state(recall(KEY) === "yes");
  #sentinel: WakeLockSentinel | undefined;
  #last = Promise.resolve();

  want(wanted: boolean): void {
    this.wanted = wanted;
    remember(KEY, wanted ? "yes" : "no");
  }

  /** To be called when training begins or ends, and when the page is seen again: a hidden page loses it. */
  follow(training: boolean): Promise<void> {
    // One after the other: a lock that is granted after a pause is then seen, and given back.
    this.#last = this.#last.then(() => this.#settle(training));
    return this.#last;
  }

  async #settle(training: boolean): Promise<void> {
    const wanted = training && this.wanted && this.possible && !document.hidden;
    try {
      if (!wanted) {
        await this.#sentinel?.release();
        this.#sentinel = undefined;
      } else if (!this.#sentinel || this.#sentinel.released)
        this.#sentinel = await navigator.wakeLock.request("screen");
    } catch {
      // A low battery, or a frame that may not: the screen goes off, training goes on.
    }
  }
}

export const wakeLock = new WakeLock();
