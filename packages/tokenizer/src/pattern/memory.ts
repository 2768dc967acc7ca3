const PAGE = 1024;
/** 256 MiB of them. */
const MAX_PAGES = 2 ** 16;

export const UNKNOWN = -2;
export const FAILED = -1;

/** What came of each choice of a program at each place of a text; takes memory for the places asked about only. */
export class Memory {
  readonly #pages = new Map<number, Int32Array>();
  readonly #from: number;
  readonly #pagesOfChoice: number;
  readonly #full: () => never;

  /** `full` is called instead of taking more than 256 MiB. */
  constructor(from: number, end: number, full: () => never) {
    this.#full = full;
    this.#from = from;
    this.#pagesOfChoice = Math.ceil((end - from + 1) / PAGE);
  }

  #page(choice: number, offset: number): number {
    return choice * this.#pagesOfChoice + Math.floor(offset / PAGE);
  }

  /** {@link UNKNOWN}, {@link FAILED} or where what follows ended. */
  get(choice: number, at: number): number {
    const offset = at - this.#from;
    const page = this.#pages.get(this.#page(choice, offset));
    return (page ? page[offset % PAGE]! : 0) + UNKNOWN;
  }

  set(choice: number, at: number, result: number): void {
    const offset = at - this.#from;
    const key = this.#page(choice, offset);
    let page = this.#pages.get(key);
    if (!page) {
      if (this.#pages.size === MAX_PAGES) this.#full();
      page = new Int32Array(PAGE);
      this.#pages.set(key, page);
    }
    page[offset % PAGE] = result - UNKNOWN;
  }
}
