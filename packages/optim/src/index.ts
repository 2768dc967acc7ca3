export { AdamW, type AdamWOptions } from "./adamw.ts";
export { clipGlobalNorm, clipScale, globalNorm } from "./clip.ts";
export type { Optimizer } from "./optimizer.ts";
export { type ScheduleOptions, schedule, scheduleKinds } from "./schedule.ts";
export { SGD, type SGDOptions } from "./sgd.ts";
