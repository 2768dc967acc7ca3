export { madeText } from "./made-text.ts";
export { type Random, seeded } from "./random.ts";
export {
  type DataRecord,
  type FileRecord,
  type MadeSource,
  SIZES,
  type Source,
  SPLIT,
} from "./record.ts";
export { stories, storyCharacters, storyStream } from "./stories.ts";
export { isTaskName, type TaskName, taskNames, tasks } from "./tasks/index.ts";
export type { Question, Task } from "./tasks/task.ts";
