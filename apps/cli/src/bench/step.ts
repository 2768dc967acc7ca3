import type { WebGPUBackend } from "@muladd/backend-webgpu";
import { type GPT, plan } from "@muladd/gpt";
import { Trainer } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import { isWebGPU } from "../backend.ts";
import { countWork, type DeviceWork, type KernelProfile, profileKernels } from "./kernels.ts";
import { measureOverhead, type Overhead, withoutKernels } from "./overhead.ts";
import { type ProfileRow, profileStep } from "./profile.ts";
import { measureRoofline, type Roofline } from "./roofline.ts";
import { type Contestant, now, type Timing, timeRounds } from "./rounds.ts";
import { newModel, type Subject, subject } from "./subject.ts";

export interface StepResult {
  readonly preset: string;
  readonly parameters: number;
  /** Batch · context. */
  readonly tokens: number;
  /** FLOP of one step, attention included. */
  readonly flop: number;
  readonly timing: Timing;
  readonly tokPerSec: number;
  /** FLOP over the median time, in 10⁹ a second. */
  readonly gflops: number;
  /** Ops of one step that run a kernel. */
  readonly dispatches: number;
  /** What the backend held at its worst. */
  readonly peakBytes: number;
  /** With `profile`: by op, the longest first; what the machine allows; and what is no kernel's. */
  readonly profile?: readonly ProfileRow[];
  readonly roofline?: Roofline;
  readonly overhead?: Overhead;
  /** On a GPU. */
  readonly device?: DeviceWork;
  /** On a GPU with `profile`, in place of the profile by op. */
  readonly kernels?: KernelProfile;
}

export interface StepOptions {
  readonly seconds: number;
  readonly preset?: string;
  /** Other than the subject's own. */
  readonly batch?: number;
  readonly context?: number;
  readonly profile?: boolean;
  readonly onRound?: (round: number) => void;
}

/**
 * Times training steps of a {@link subject}: batch drawn, forward, backward, clipping, AdamW, and the loss read. The text is
 * random ids, whose values do not change the time.
 */
export async function benchStep(backend: Backend, options: StepOptions): Promise<StepResult> {
  const { seconds, preset: name = "nanogpt-cpu", batch, context, onRound } = options;
  const onDevice = isWebGPU(backend);
  const profile = options.profile === true && !onDevice; // by op: on a GPU kernels run after their ops return
  const of = subject(name, { batch, context });
  const timed = await timeStep(backend, of, { seconds, profile, ...(onRound ? { onRound } : {}) });
  if (!profile) return timed;
  using model = newModel(withoutKernels(backend), of.model);
  using trainer = trainerOf(model.gpt, of.training);
  const { timing, dispatches } = timed;
  const given = { seconds: seconds / 4, stepMs: timing.median, dispatches };
  return { ...timed, overhead: await measureOverhead(stepsOf(trainer), given) };
}

/** Where the time of a {@link subject}'s steps goes on a GPU; `backend` was made with `profile`. */
export async function profileStepKernels(
  backend: WebGPUBackend,
  { seconds, preset: name = "nanogpt-cpu", batch, context }: StepOptions,
): Promise<KernelProfile> {
  const of = subject(name, { batch, context });
  using model = newModel(backend, of.model);
  using trainer = trainerOf(model.gpt, of.training);
  const steps = stepsOf(trainer);
  await steps.run(1); // compiles the kernels
  const start = now();
  await steps.run(1);
  const fit = Math.floor((1000 * seconds) / (now() - start));
  const profiled = Math.min(Math.max(fit, 1), PROFILED);
  return await profileKernels(backend, profiled, async () => steps.run(profiled));
}

async function timeStep(
  backend: Backend,
  { name, model: config, training }: Subject,
  { seconds, profile, onRound }: StepOptions,
): Promise<StepResult> {
  using model = newModel(backend, config);
  using trainer = trainerOf(model.gpt, training);
  const rounds = { seconds, ...(onRound ? { onRound } : {}) };
  const steps = stepsOf(trainer);
  const [timing] = (await timeRounds([steps], rounds)) as [Timing];
  const { peakBytes } = backend.memory;
  const roofline = profile ? await measureRoofline(backend, Math.min(seconds, 1)) : undefined;
  const { dispatches, rows } = await profileStep(trainer, profile ? PROFILED : 1, roofline);
  const device = isWebGPU(backend)
    ? await countWork(backend, 1, async () => steps.run(1))
    : undefined;
  const { flop, parameters } = plan(config, { batch: training.batch, steps: 1 });
  const tokens = trainer.tokensPerStep;
  return {
    preset: name,
    parameters: parameters.total,
    tokens,
    flop: flop.step,
    timing,
    tokPerSec: tokens / (timing.median / 1000),
    gflops: flop.step / timing.median / 1e6,
    dispatches,
    peakBytes,
    ...(roofline ? { profile: rows, roofline } : {}),
    ...(device ? { device } : {}),
  };
}

const PROFILED = 5;

function trainerOf(model: GPT, config: Subject["training"]): Trainer {
  const { context, vocabulary } = model.config;
  const ids = (length: number) =>
    Int32Array.from({ length }, (_, i) => Math.floor(((i * 0.618033988749895) % 1) * vocabulary));
  return new Trainer({
    model,
    config,
    data: { train: ids(64 * context), heldOut: ids(2 * context) },
  });
}

const stepsOf = (trainer: Trainer): Contestant => ({
  async run(times) {
    for (let i = 0; i < times; i++) await trainer.advance();
  },
});
