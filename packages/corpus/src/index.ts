export { type Random, seeded } from "./random.ts";
export { stories, storyCharacters, storyStream } from "./stories.ts";
export { type TaskName, tasks } from "./tasks/index.ts";
export type { Question, Task } from "./tasks/task.ts";
