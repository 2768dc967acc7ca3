import type { MadeSource } from "./record.ts";
import { stories } from "./stories.ts";
import { isTaskName, taskNames, tasks } from "./tasks/index.ts";

/**
 * The text of a record, the same each time.
 * @throws RangeError for a task that there is not, and as {@link stories} and a task's `text` do.
 */
export function madeText(source: MadeSource): string {
  if (source.kind === "stories") return stories(source);
  if (!isTaskName(source.task))
    throw new RangeError(`there is no task "${source.task}"; it is one of ${taskNames.join(", ")}`);
  return tasks[source.task].text(source);
}
