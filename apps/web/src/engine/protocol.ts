import type { TaskName } from "@muladd/corpus";
import type { GPTConfig, Plan } from "@muladd/gpt";
import type { OptimizerSettings, TrainEvent, TrainingConfig } from "@muladd/gpt/train";
import type { ArticleRequests } from "./article.ts";
import type { BackpropRequests } from "./backprop.ts";
import type { InspectRequests } from "./inspect.ts";
import type { BackendChoice, Ladder } from "./ladder.ts";
import type { ModelRequests } from "./models/model-service.ts";
import type { RunRequests } from "./run-service.ts";
import type { SelfTestRequests } from "./self-test.ts";
import type { TrainRequests } from "./train-service.ts";
import type { WriteRequests } from "./write.ts";

/** Changes when messages do; a page and a worker of different builds refuse each other. */
export const PROTOCOL = 1;

/** Text to train on. */
export type DataChoice =
  | { readonly kind: "stories"; readonly characters: number }
  | { readonly kind: "task"; readonly task: TaskName; readonly characters: number }
  | { readonly kind: "text"; readonly name: string; readonly text: string }
  /** Text that the engine keeps already, by its hash. */
  | { readonly kind: "file"; readonly name: string; readonly id: string };

/** What a person chooses for a run; the rest comes from the preset. Plain data: it travels in links, but for its text. */
export interface RunSettings {
  readonly preset: string;
  readonly data: DataChoice;
  /** As the command's --tokenizer: "char", "bytes", "bpe:512". */
  readonly tokenizer: string;
  readonly model: Partial<Omit<GPTConfig, "vocabulary">>;
  readonly training: Partial<TrainingConfig>;
  /** What differs from that in the optimizer and its rate, number by number, as the command's flags do. */
  readonly flags?: OptimizerSettings;
}

/** What training would take, before it begins. */
export interface Prepared {
  readonly model: GPTConfig;
  readonly training: TrainingConfig;
  readonly plan: Plan;
  readonly tokens: { readonly train: number; readonly heldOut: number };
  /** Seconds of the whole run, from timed steps; absent where none was timed. */
  readonly seconds?: number;
  /** Of one step. */
  readonly stepSeconds?: number;
  /** The largest preset whose step is short here. */
  readonly suggestion?: string;
  /** Why it cannot begin, with the remedy. */
  readonly refusal?: Failure;
}

export type Phase = "idle" | "preparing" | "training" | "paused" | "done" | "failed";

/** Where the engine is. */
export interface Status {
  readonly phase: Phase;
  readonly runId?: string;
  readonly step: number;
  readonly steps: number;
  /** The highest rate, as it is now. */
  readonly rate?: number;
  /** Of the run's tokenizer. */
  readonly vocabulary?: number;
  readonly backend?: BackendChoice;
  readonly failure?: Failure;
}

/** An error as it is shown: what, why, and what to do. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly remedy?: string;
  /** The last step that was saved. */
  readonly savedStep?: number;
  /** Of a batch that does not fit: the largest that does; 0 for none. */
  readonly largestBatch?: number;
}

/** A model's weights at a step: the clock's marks. */
export interface Moment {
  readonly step: number;
}

/** Questions, by name: what they take and what they answer. Each service of the engine adds its own. */
export interface Requests
  extends ArticleRequests,
    BackpropRequests,
    InspectRequests,
    ModelRequests,
    RunRequests,
    SelfTestRequests,
    TrainRequests,
    WriteRequests {
  probe: { params: undefined; result: Ladder };
  useBackend: { params: { readonly name: string }; result: Ladder };
  prepare: { params: RunSettings; result: Prepared };
  start: {
    params: RunSettings & { readonly paused?: boolean; readonly prompt?: string };
    result: Status;
  };
  control: {
    params: { readonly action: "run" | "pause" | "step" | "stop" };
    result: Status;
  };
  /** The moments that are kept, oldest first. */
  moments: { params: undefined; result: readonly Moment[] };
}

export type Method = keyof Requests;

/** News that nobody asked for. */
export type EngineEvent =
  | { readonly type: "status"; readonly status: Status }
  | { readonly type: "ladder"; readonly ladder: Ladder }
  /** Files of the run at hand cannot be kept, and stay in memory; without a failure: all are kept again. */
  | { readonly type: "storage"; readonly failure?: Failure }
  /** What training told since the last message, at most every 50 ms. */
  | { readonly type: "training"; readonly events: readonly TrainEvent[]; readonly bytes: number }
  /** What the most likely tokens make of the prompt, beside the sample of the same step. */
  | { readonly type: "greedy"; readonly step: number; readonly text: string }
  | { readonly type: "moments"; readonly moments: readonly Moment[] };

/** What the page sends. */
export type ToEngine =
  | {
      readonly v: number;
      readonly id: number;
      readonly method: Method;
      readonly params: unknown;
      /** A later question of the same group makes this one pointless. */
      readonly latest?: string | undefined;
      /** Bytes that come with it, and are not copied. */
      readonly attached?: Blob | undefined;
    }
  | { readonly v: number; readonly cancel: number };

/** What the engine sends: the answer to a question, a part of it, or news. */
export type FromEngine =
  | { readonly v: number; readonly id: number; readonly part: unknown }
  | { readonly v: number; readonly id: number; readonly result: unknown }
  | { readonly v: number; readonly id: number; readonly error: Failure }
  | { readonly v: number; readonly event: EngineEvent };
