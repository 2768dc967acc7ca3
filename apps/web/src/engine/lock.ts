/** One thing at a time: a question about the model waits for the steps under way, and they for it. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(body: () => Promise<T> | T): Promise<T> {
    const result = this.#last.then(body);
    this.#last = result.catch(() => {});
    return result;
  }
}
