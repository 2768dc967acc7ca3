import { Option } from "commander";
import { quote } from "../data.ts";
import type { IO } from "../io.ts";
import type { SharedOptions } from "../options.ts";
import { quantity } from "../ui/format.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import type { FloatType, Source } from "./source.ts";
import type { Written } from "./write.ts";

/** `--dtype f32|f16|bf16`, and `more`. */
export const dtypeOption = (...more: readonly string[]): Option =>
  new Option(
    "--dtype <type>",
    "how numbers are stored (default: as they are; f32 of a run)",
  ).choices(["f32", "f16", "bf16", ...more]);

/** What `--dtype` says in the words of files. Its choices are checked. */
export const floatType = (text: string | undefined): FloatType | "Q8_0" | undefined =>
  (["F32", "F16", "BF16", "Q8_0"] as const).find((type) => type === text?.toUpperCase());

/** What was written and how it is used on stdout; on stderr, why it takes no text. */
export function tell(
  io: IO,
  { opened: { tokenizer } }: Source,
  written: Written,
  { json, quiet }: Pick<SharedOptions, "json" | "quiet">,
): void {
  const { form, out, family, dtype, files, bytes, lacksTokenizer } = written;
  const note = tokenizer
    ? lacksTokenizer && `the file has no tokenizer, and takes and gives ids: ${lacksTokenizer}`
    : "the model has no tokenizer: ids are all that it takes and gives";
  if (note !== undefined && !quiet) io.stderr.write(`note: ${note}\n`);
  if (json) {
    writeJSON(io, { v: 1, ...written });
    return;
  }
  const llamaCpp = note === undefined ? [`  llama.cpp: llama-cli -m ${quote(out)}`] : []; // takes text
  writeLines(io, [
    `${out}: ${family}, ${dtype}, ${quantity(bytes, "B")}`,
    ...(form === "hf"
      ? [
          `  ${files.join(" ")}`,
          `  transformers: AutoModelForCausalLM.from_pretrained(${JSON.stringify(out)})`,
        ]
      : llamaCpp),
    `  ${io.program} generate ${quote(out)} ${note === undefined ? '-p "Once upon"' : "--ids 1,2,3"}`,
  ]);
}
