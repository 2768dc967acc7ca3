import { ConfigError } from "../check-config.ts";
import type { GPTConfig } from "../config.ts";
import { count, flag, type JSONObject, type Known, type Setting, show } from "./settings.ts";

/** One entry a layer, or [] where no layer has a window. */
export const windowsOf = (windows: readonly (number | null)[]): GPTConfig["windows"] =>
  windows.every((window) => window === null) ? [] : windows;

const WINDOWED = "sliding_attention";
const FULL = "full_attention";

/** Qwen's: `layer_types` of transformers 5; before, layers from `max_window_layers` on, where `use_sliding_window` says so. */
export function slidingWindows(): Setting<GPTConfig["windows"]> {
  const use = flag("use_sliding_window", false);
  const size = count("sliding_window", 4096);
  return {
    names: ["layer_types", "use_sliding_window", "sliding_window", "max_window_layers"],
    read(json, known) {
      const width = size.read(json, known);
      const window = use.read(json, known) && json.sliding_window !== null ? width : null;
      const first = firstWindowed(json.max_window_layers);
      const types = layerTypes(json, known);
      if (!types)
        return window === null
          ? []
          : windowsOf(
              Array.from({ length: known.layers ?? 0 }, (_, i) => (i >= first ? window : null)),
            );
      if (window === null && types.includes(WINDOWED))
        throw new ConfigError(
          "layer_types",
          `has ${WINDOWED}, but there is no window`,
          "set use_sliding_window to true and sliding_window to its width",
        );
      return windowsOf(types.map((type) => (type === WINDOWED ? window : null)));
    },
    write(windows, { layers }) {
      const types = Array.from({ length: layers }, (_, i) => (windows[i] ? WINDOWED : FULL));
      const first = types.indexOf(WINDOWED);
      return {
        layer_types: types,
        use_sliding_window: first >= 0,
        sliding_window: windows[first] ?? null,
        max_window_layers: first >= 0 ? first : layers,
      };
    },
  };
}

function firstWindowed(value: unknown): number {
  if (value === undefined || value === null) return 28;
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw new ConfigError("max_window_layers", `is ${show(value)}`, "expected a whole number");
}

function layerTypes(json: JSONObject, { layers }: Known): readonly unknown[] | undefined {
  const types = json.layer_types ?? undefined;
  if (types === undefined) return undefined;
  if (!Array.isArray(types) || types.length !== layers)
    throw new ConfigError("layer_types", `is ${show(types)}`, `expected a list of ${layers}`);
  for (const [i, type] of types.entries())
    if (type !== FULL && type !== WINDOWED)
      throw new ConfigError(
        `layer_types[${i}]`,
        `is ${show(type)}, which is not supported`,
        `${FULL} and ${WINDOWED} are`,
      );
  return types;
}
