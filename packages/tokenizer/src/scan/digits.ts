import { classAt, lengthOf, NUMBER, run, type Scanner } from "./classes.ts";

/** Numbers and what is between them; `individual`: each digit alone. */
export const digits =
  (individual: boolean): Scanner =>
  (bytes, start, end) => {
    if (classAt(bytes, start) !== NUMBER) return run(bytes, start, end, ~NUMBER);
    return individual ? start + lengthOf(bytes[start]!) : run(bytes, start, end, NUMBER);
  };
