import { classAt, lengthOf, NUMBER, run, type Scanner } from "./classes.ts";

const REST = 0xff & ~NUMBER;

/** Numbers and what is between them; `individual`: each digit alone. */
export const digits =
  (individual: boolean): Scanner =>
  (bytes, start, end) => {
    if (classAt(bytes, start) !== NUMBER) return run(bytes, start, end, REST);
    return individual ? start + lengthOf(bytes[start]!) : run(bytes, start, end, NUMBER);
  };
