import { classAt, lengthOf, NUMBER, run, type Scanner } from "./classes.ts";

/** Hugging Face's `Digits`: runs of numbers (Nd, Nl, No) and what is between them; `individual`: each number alone. */
export const digits =
  (individual: boolean): Scanner =>
  (bytes, start, end) => {
    if (classAt(bytes, start) !== NUMBER) return run(bytes, start, end, ~NUMBER);
    return individual ? start + lengthOf(bytes[start]!) : run(bytes, start, end, NUMBER);
  };
