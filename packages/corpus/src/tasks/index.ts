import { addition } from "./addition.ts";
import { copy, reverse, sort } from "./strings.ts";
import type { Task } from "./task.ts";

export type TaskName = "copy" | "reverse" | "sort" | "addition";

/** Toy tasks whose answers are right or wrong, by name. */
export const tasks: Readonly<Record<TaskName, Task>> = { copy, reverse, sort, addition };
