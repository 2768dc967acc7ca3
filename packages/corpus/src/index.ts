export { type Random, seeded } from "./random.ts";
export { stories, storyCharacters, storyStream } from "./stories.ts";
export { isTaskName, type TaskName, taskNames, tasks } from "./tasks/index.ts";
export type { Question, Task } from "./tasks/task.ts";
