import type { Tokenizer } from "@muladd/tokenizer";
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

/** What was written and how it is used on stdout; on stderr, what other programs cannot make of its tokenizer. */
export async function tell(
  io: IO,
  { opened: { tokenizer } }: Source,
  written: Written,
  { json, quiet }: Pick<SharedOptions, "json" | "quiet">,
): Promise<void> {
  const { form, out, family, dtype, files, bytes } = written;
  const note = await lacking(tokenizer, form);
  if (note !== undefined && !quiet) io.stderr.write(`note: ${note}\n`);
  if (json) return writeJSON(io, { v: 1, ...written });
  const ids = !tokenizer || (form === "gguf" && note !== undefined);
  writeLines(io, [
    `${out}: ${family}, ${dtype}, ${quantity(bytes, "B")}`,
    ...(form === "hf" ? [`  ${files.join(" ")}`] : []),
    form === "hf"
      ? `  transformers: AutoModelForCausalLM.from_pretrained(${JSON.stringify(out)})`
      : `  llama.cpp: llama-cli -m ${quote(out)}`,
    `  ${io.program} generate ${quote(out)} ${ids ? "--ids 1,2,3" : '-p "Once upon"'}`,
  ]);
}

async function lacking(
  tokenizer: Tokenizer | undefined,
  form: Written["form"],
): Promise<string | undefined> {
  if (!tokenizer) return "the model has no tokenizer: ids are all that it takes and gives";
  if (form === "hf") return undefined;
  const { BPETokenizer } = await import("@muladd/tokenizer");
  if (tokenizer instanceof BPETokenizer) return undefined;
  return `a GGUF file holds byte-level BPE, and this tokenizer is of ${tokenizer.kind}: the file has none, and takes and gives ids`;
}
