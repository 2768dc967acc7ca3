import { addition } from "./addition.ts";
import { brackets } from "./brackets.ts";
import { modular } from "./modular.ts";
import { copy, reverse, sort } from "./strings.ts";
import type { Task } from "./task.ts";

export const taskNames = ["copy", "reverse", "sort", "brackets", "addition", "modular"] as const;

export type TaskName = (typeof taskNames)[number];

export const isTaskName = (name: unknown): name is TaskName =>
  taskNames.some((known) => known === name);

/** Toy tasks whose answers are right or wrong, by name. */
export const tasks: Readonly<Record<TaskName, Task>> = {
  copy,
  reverse,
  sort,
  brackets,
  addition,
  modular,
};
