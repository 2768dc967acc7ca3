/** Operands whose shapes, axes or dtypes do not fit an op. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

/** A backend that cannot serve on this machine: the reason, and the remedy. */
export class BackendUnavailable extends Error {
  override name = "BackendUnavailable";
  constructor(
    readonly backend: string,
    reason: string,
    readonly remedy: string,
  ) {
    super(`${backend}: ${reason}; ${remedy}`);
  }
}

/** The device could not hold what was asked for. `bytes` is the request that failed. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
  constructor(
    readonly backend: string,
    readonly bytes: number,
    readonly detail: string,
    remedy = "try a smaller batch or context, or dispose tensors that are no longer needed",
  ) {
    super(`${backend}: no room for ${(bytes / 1e6).toFixed(1)} MB (${detail}); ${remedy}`);
  }
}

/** A file that is not what it should be: where, what was expected, what was found. */
export class FormatError extends Error {
  override name = "FormatError";
}
