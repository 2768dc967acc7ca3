import type { Plan } from "@muladd/gpt";
import { quantity, speed } from "../ui/format.ts";
import { columns } from "../ui/table.ts";
import { type Fit, fitting, type Limits, type Precision, precisions } from "./machine.ts";
import { type Speeds, tokenRates } from "./speeds.ts";

/** A model on this machine. Plain data, fit for JSON. */
export interface Here {
  readonly limits: Limits;
  readonly precisions: readonly (Precision & {
    /** Of a text, a second, at most: what is not a product with a matrix is not measured. */
    readonly tokensPerSec?: number;
  })[];
  /** Of a prompt, a second, at most. */
  readonly promptTokensPerSec?: number;
  /** One pass of training, float32. */
  readonly training: Fit & { readonly bytes: number };
}

/** What a plan means here; without `speeds` no time. */
export async function planHere(
  planned: Plan,
  limits: Limits,
  speeds: Speeds | undefined,
): Promise<Here> {
  const rates = speeds && tokenRates(planned, speeds);
  const { total: bytes } = planned.bytes.training;
  return {
    limits,
    precisions: (await precisions(planned, limits)).map((one) => ({
      ...one,
      ...(rates && { tokensPerSec: rates.write[one.format] }),
    })),
    ...(rates && { promptTokensPerSec: rates.read }),
    training: { bytes, ...fitting(bytes, limits) },
  };
}

const answer = ({ fits, flags }: Fit): string => (fits ? `yes ${flags}`.trimEnd() : "no");

/** The same for a person, at most 80 columns wide. */
export function describeHere({ limits, precisions, promptTokensPerSec, training }: Here): string[] {
  const timed = promptTokensPerSec !== undefined;
  const rows = precisions.map((one) => [
    one.format,
    quantity(one.weights, "B"),
    quantity(one.cache, "B"),
    ...(one.tokensPerSec === undefined ? [] : [`${speed(one.tokensPerSec)} tok/s`]),
    answer(one),
  ]);
  const head = ["precision", "weights", "cache", ...(timed ? ["writes at most"] : []), "fits here"];
  const { memory, wasmMost } = limits;
  const addressed = wasmMost < memory ? `, of which wasm can have ${quantity(wasmMost, "B")}` : "";
  return [
    ...columns([head, ...rows], timed ? "lrrrl" : "lrrl"),
    `training    ${quantity(training.bytes, "B")} in float32: ${training.fits ? "fits" : "does not fit"}${training.flags && ` with ${training.flags}`}`,
    ...(timed ? [`a prompt    ${speed(promptTokensPerSec)} tokens a second are read at most`] : []),
    `here        ${quantity(memory, "B")} of memory${addressed}`,
  ];
}
