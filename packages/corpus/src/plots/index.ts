import type { Plot } from "./beats.ts";
import { birthday } from "./birthday.ts";
import { build } from "./build.ts";
import { fear } from "./fear.ts";
import { hurt } from "./hurt.ts";
import { late } from "./late.ts";
import { lost } from "./lost.ts";
import { promise } from "./promise.ts";
import { quarrel } from "./quarrel.ts";
import { rescue } from "./rescue.ts";
import { share } from "./share.ts";
import { skill } from "./skill.ts";
import { storm } from "./storm.ts";
import { trade } from "./trade.ts";
import { trick } from "./trick.ts";

export const plots: readonly Plot[] = [
  ...[birthday, build, fear, hurt, late, lost, promise],
  ...[quarrel, rescue, share, skill, storm, trade, trick],
];
