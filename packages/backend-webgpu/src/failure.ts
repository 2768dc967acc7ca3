/** The device is gone: reset by its driver, unplugged, or destroyed. All that it held is lost. */
export class DeviceLostError extends Error {
  override name = "DeviceLostError";
  constructor(
    /** The driver's words. */
    readonly detail: string,
  ) {
    super(
      `webgpu: the device was lost${detail ? ` (${detail})` : ""}; ` +
        "what it held is gone: open the backend again and go on from the last checkpoint",
    );
  }
}

/** The first thing that went wrong on a device, and what is still to be heard of. */
export class Failure {
  #error: Error | undefined;
  #consequence: Error | undefined;
  readonly #pending = new Set<Promise<void>>();

  get error(): Error | undefined {
    return this.#error ?? this.#consequence;
  }

  set(error: Error): void {
    this.#error ??= error;
  }

  /** An error that may follow from one that is still to be heard of, which then takes its place. */
  suspect(error: Error): void {
    this.#consequence ??= error;
  }

  /** Waits for `scope` wherever {@link check} is asked; `describe` makes the error of what it caught. */
  watch(
    scope: Promise<GPUError | null>,
    describe: (caught: GPUError) => Error | Promise<Error>,
  ): void {
    const heard: Promise<void> = scope
      .then(async (caught) => {
        if (caught && !this.#error) this.set(await describe(caught));
      })
      .catch(() => {}) // a lost device answers nothing; its loss is reported apart
      .finally(() => this.#pending.delete(heard));
    this.#pending.add(heard);
  }

  /** Throws the first error, after everything that was watched has been heard. */
  async check(): Promise<void> {
    while (this.#pending.size) await Promise.all(this.#pending);
    if (this.error) throw this.error;
  }
}
