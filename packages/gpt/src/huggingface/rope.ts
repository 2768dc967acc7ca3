import type { RotaryScaling } from "@muladd/nn";
import { ConfigError } from "../check-config.ts";
import {
  check,
  count,
  isCount,
  type JSONObject,
  required,
  type Settings,
  show,
} from "./settings.ts";

const DEFAULT_BASE = 10_000;

/** Fields that each type has beside `rope_type` and `rope_theta`. */
const FIELDS = {
  default: [],
  linear: ["factor"],
  dynamic: ["factor"],
  llama3: ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
} as const;
type RopeType = keyof typeof FIELDS;

/**
 * Rotary positions and the context, which depend on each other: under "dynamic" scaling `max_position_embeddings` is the
 * length that the model was trained at, and the context is `factor` times that. transformers 5 has `rope_parameters`; before, there were
 * `rope_theta` and `rope_scaling`. Both are read and written.
 */
export function rope(absentContext: number): Required<Pick<Settings, "rotary" | "context">> {
  const positions = count("max_position_embeddings", absentContext);
  return {
    rotary: {
      names: ["rope_parameters", "rope_scaling", "rope_theta"],
      read(json, known) {
        const [name, rope] = parameters(json);
        const base = required("rope_theta", rope.rope_theta ?? json.rope_theta ?? DEFAULT_BASE);
        const scaling = readScaling(name, rope, positions.read(json, known));
        return { base, ...(scaling && { scaling }) };
      },
      write(rotary) {
        if (!rotary) return {};
        const scaling = writeScaling(rotary.scaling);
        return {
          rope_parameters: { rope_type: "default", ...scaling, rope_theta: rotary.base },
          rope_theta: rotary.base,
          rope_scaling: scaling,
        };
      },
    },
    context: {
      names: positions.names,
      read(json, known) {
        const length = positions.read(json, known);
        const scaling = known.rotary?.scaling;
        return scaling?.kind === "dynamic" ? Math.floor(length * scaling.factor) : length;
      },
      write(context, config) {
        const scaling = config.rotary?.scaling;
        return positions.write(scaling?.kind === "dynamic" ? scaling.original : context, config);
      },
    },
  };
}

/** The object that says how positions turn, and its name. As in transformers, a `rope_scaling` goes before `rope_parameters`. */
function parameters(json: JSONObject): [name: string, rope: JSONObject] {
  for (const name of ["rope_scaling", "rope_parameters"]) {
    const value = json[name] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== "object" || Array.isArray(value))
      throw new ConfigError(name, `is ${show(value)}`, "expected an object, or null");
    return [name, value as JSONObject]; // an object, and no array
  }
  return ["rope_parameters", {}];
}

function readScaling(name: string, rope: JSONObject, length: number): RotaryScaling | undefined {
  const type = rope.rope_type ?? rope.type ?? "default";
  if (typeof type !== "string" || !Object.hasOwn(FIELDS, type))
    throw new ConfigError(
      `${name}.rope_type`,
      `is ${show(type)}, which is not supported`,
      `${Object.keys(FIELDS).join(", ")} are`,
    );
  const kind = type as RopeType; // hasOwn says that it is one
  const known: readonly string[] = ["rope_type", "type", "rope_theta", ...FIELDS[kind]];
  for (const [key, value] of Object.entries(rope)) {
    const idle = value === null || (key === "partial_rotary_factor" && value === 1);
    if (!known.includes(key) && !idle)
      throw new ConfigError(
        `${name}.${key}`,
        `is ${show(value)}, which is not supported with rope_type ${kind}`,
        `its fields are ${known.join(", ")}`,
      );
  }
  const number = (key: string) => required(`${name}.${key}`, rope[key]);
  if (kind === "default") return undefined;
  if (kind === "linear") return { kind, factor: number("factor") };
  if (kind === "dynamic") return { kind, factor: number("factor"), original: length };
  return {
    kind,
    factor: number("factor"),
    low: number("low_freq_factor"),
    high: number("high_freq_factor"),
    original: check(
      `${name}.original_max_position_embeddings`,
      rope.original_max_position_embeddings ?? length,
      isCount(),
      "a whole number, 1 at least",
    ),
  };
}

function writeScaling(scaling: RotaryScaling | undefined): JSONObject | null {
  if (!scaling) return null;
  const { kind, factor } = scaling;
  if (kind !== "llama3") return { rope_type: kind, factor };
  return {
    rope_type: kind,
    factor,
    low_freq_factor: scaling.low,
    high_freq_factor: scaling.high,
    original_max_position_embeddings: scaling.original,
  };
}
