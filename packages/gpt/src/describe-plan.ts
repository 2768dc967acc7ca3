import type { Plan } from "./plan.ts";
import {
  formatCount,
  formatDollars,
  formatDuration,
  formatEngineering,
  formatExponent,
  formatInteger,
  formatQuantity,
} from "./quantities.ts";

const LABEL = 12;
const COLUMNS = 80;

/** A plan as lines of text for a person, at most 80 columns wide. */
export function describePlan(plan: Plan): string[] {
  const { config, parameters, bytes, training, flop, device, here } = plan;
  const { layers, heads, width, context, vocabulary } = config;
  const { block } = parameters;
  const { total, activations } = bytes.training;
  const batch = training.batch === 1 ? "1 sequence" : `${training.batch} sequences`;
  const days =
    flop.petaflopDays >= 0.01 ? [`= ${formatCount(flop.petaflopDays)} petaflop/s-days`] : [];
  return [
    ...row(plan.title, [
      `${layers} layers`,
      config.kvHeads === heads ? `${heads} heads` : `${heads} heads (${config.kvHeads} of keys)`,
      `width ${formatInteger(width)}`,
      `context ${formatInteger(context)}`,
      `vocabulary ${formatInteger(vocabulary)}`,
    ]),
    ...row("parameters", [
      formatCount(parameters.total),
      `blocks ${formatCount(parameters.blocks)}`,
      `embeddings ${formatCount(parameters.tokens + parameters.positions)}`,
    ]),
    ...row("by part", [
      `attention ${formatCount(layers * block.attention)}`,
      `mlp ${formatCount(layers * block.mlp)}`,
      `norms ${formatCount(layers * block.norms + parameters.norm)}`,
      `tokens ${formatCount(parameters.tokens)}${config.tied ? " (and head)" : ""}`,
      ...(config.tied ? [] : [`head ${formatCount(parameters.head)}`]),
      `positions ${parameters.positions > 0 ? formatCount(parameters.positions) : "0 (fixed)"}`,
    ]),
    ...row("memory", [
      `${formatQuantity(bytes.float32, "B")} as float32`,
      `${formatQuantity(bytes.float16, "B")} as float16`,
      `${formatQuantity(bytes.cache, "B")} for keys and values`,
    ]),
    ...row("to train", [
      `${formatQuantity(total - activations, "B")} with Adam (16 bytes each)`,
      `${formatQuantity(activations, "B")} for activations of ${batch}`,
    ]),
    ...row(
      "compute",
      [
        `6 × ${formatEngineering(parameters.total)} × ${formatEngineering(training.tokens)} tokens`,
        `= ${formatExponent(flop.training)} FLOP`,
        ...days,
      ],
      " ",
    ),
    ...row("one step", [
      `${formatCount(training.tokensPerStep)} tokens`,
      `${formatQuantity(flop.step, "FLOP")} with attention`,
      `${formatInteger(training.steps)} steps in all`,
    ]),
    ...row("one token", [`${formatQuantity(flop.token, "FLOP")} to write after a full context`]),
    ...row("loss", [
      `${training.lossBefore.toFixed(3)} nats before training (ln ${formatInteger(vocabulary)})`,
    ]),
    ...row(device.name, [
      `${formatDuration(device.seconds)} (${formatQuantity(device.flops, "FLOP/s")})`,
      `${formatDollars(device.cost)} ($${device.price.toFixed(2)} an hour)`,
    ]),
    ...(here
      ? row(here.name, [
          `${formatDuration(here.seconds)} (${formatQuantity(here.flops, "FLOP/s")}, measured)`,
        ])
      : []),
    ...plan.assumed.flatMap((text, i) => row(i > 0 ? "" : "assumed", text.split(" "), " ")),
    ...plan.notes.flatMap((text, i) => row(i > 0 ? "" : "note", text.split(" "), " ")),
  ];
}

/** A label and its items, broken between items, the later lines under the first. */
function row(label: string, items: readonly string[], separator = " · "): string[] {
  const lines: string[] = [];
  let line = label.length < LABEL ? label.padEnd(LABEL) : `${label}  `;
  items.forEach((item, i) => {
    const next = i === 0 ? item : separator + item;
    if (line.length + next.length <= COLUMNS) line += next;
    else {
      lines.push(line);
      line = " ".repeat(LABEL) + item;
    }
  });
  return [...lines, line];
}
