import {
  type FileSet,
  openGGUF,
  openSafetensors,
  openShards,
  openTensors,
  openTorch,
  type TensorStore,
} from "@muladd/checkpoint";
import { FormatError } from "@muladd/tensor";
import { loadTokenizer, readVocabMerges, type Tokenizer } from "@muladd/tokenizer";
import { readGGUFConfig } from "./gguf-config.ts";
import { ggufTokenizer } from "./gguf-tokenizer.ts";
import { type ModelConfig, parseJSON, readConfig, readIds } from "./read-config.ts";
import type { JSONObject } from "./settings.ts";
import type { Form } from "./slots.ts";

/** A model of Hugging Face's, or llama.cpp's: all but the numbers in its tensors. */
export interface Pretrained extends ModelConfig {
  readonly form: Form;
  readonly store: TensorStore;
  /** Absent where no file has one. */
  readonly tokenizer?: Tokenizer;
  /** Jinja, which `@muladd/tokenizer/chat` reads. */
  readonly chatTemplate?: string;
  /** generation_config.json; empty where there is none. */
  readonly generation: JSONObject;
  close(): Promise<void>;
}

/** The most that is read of a file that is read whole: a hundred times what the largest tokenizers have. */
const MOST = 2 ** 30;

export interface OpenOptions {
  /** The file with the tensors, where it is not one that transformers would take: beside it lies its config.json. */
  readonly file?: string | undefined;
}

/**
 * Opens a folder that transformers has saved: `config.json`, `generation_config.json`, `tokenizer.json` or `vocab.json` with
 * `merges.txt`, `chat_template.jinja`, and the tensors, which are not read yet; or a GGUF file, which holds all of that. Throws
 * FormatError that says what is missing or wrong, ConfigError for a configuration that is not supported, and
 * TokenizerFormatError.
 */
export async function openPretrained(
  files: FileSet,
  options: OpenOptions = {},
): Promise<Pretrained> {
  const { file } = options;
  const text = file?.endsWith(".gguf") ? undefined : await read(files, "config.json");
  if (text === undefined) return openWithoutConfig(files, file);
  const model = readConfig(text, `${files.name}/config.json`);
  const generation = await readJSON(files, "generation_config.json");
  const { eos, ...ids } = readIds(generation);
  const [tokenizer, chatTemplate] = [await readTokenizer(files), await readTemplate(files)];
  const store = await (file === undefined ? openTensors(files) : openFile(files, file));
  return {
    ...model,
    ids: { ...model.ids, ...ids, ...(eos.length > 0 && { eos }) },
    form: "huggingface",
    store,
    generation,
    ...(tokenizer && { tokenizer }),
    ...(chatTemplate !== undefined && { chatTemplate }),
    close: () => store.close(),
  };
}

async function openFile(files: FileSet, path: string): Promise<TensorStore> {
  if (path.endsWith(".index.json"))
    return openShards(files, path, path.endsWith(".bin.index.json") ? openTorch : openSafetensors);
  const source = await files.open(path);
  if (!source) throw new FormatError(`${files.name}: there is no ${path}`);
  if (path.endsWith(".safetensors")) return openSafetensors(source);
  if (/\.(bin|pt|pth)$/.test(path)) return openTorch(source);
  await source.close();
  throw new FormatError(
    `${source.name}: not a file of tensors by its name; .safetensors, .bin, .pt, .pth and .gguf are`,
  );
}

/** A GGUF file says itself what its model is. */
async function openWithoutConfig(files: FileSet, file: string | undefined): Promise<Pretrained> {
  const names = file === undefined ? await files.list() : [file];
  const ggufs = names.filter((path) => /^[^/]+\.gguf$/.test(path));
  const source = ggufs.length === 1 ? await files.open(ggufs[0]!) : undefined;
  if (!source)
    throw new FormatError(
      ggufs.length > 1
        ? `${files.name}: ${ggufs.join(", ")}: several models; open one of them`
        : `${files.name}: config.json is missing, without which tensors are no model; there is ${names.join(", ") || "nothing"}`,
    );
  const store = await openGGUF(source);
  try {
    // One beside the file says more than the file can.
    const has = store.values.has("tokenizer.ggml.model");
    const tokenizer =
      (await read(files, "tokenizer.json")) ?? (has ? ggufTokenizer(store.values) : undefined);
    const template = store.values.get("tokenizer.chat_template")?.value;
    return {
      ...(await readGGUFConfig(store)),
      form: "gguf",
      store,
      generation: {},
      ...(tokenizer !== undefined && { tokenizer: loadTokenizer(tokenizer) }),
      ...(typeof template === "string" && { chatTemplate: template }),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function read(files: FileSet, path: string): Promise<string | undefined> {
  const source = await files.open(path);
  if (!source) return undefined;
  try {
    if (source.size > MOST)
      throw new FormatError(
        `${source.name}: ${source.size} bytes; such a file has ${MOST} at most`,
      );
    return new TextDecoder("utf-8", { fatal: true }).decode(await source.read(0, source.size));
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(`${source.name}: is not UTF-8`);
    throw error;
  } finally {
    await source.close();
  }
}

async function readJSON(files: FileSet, path: string): Promise<JSONObject> {
  const text = await read(files, path);
  return text === undefined ? {} : parseJSON(text, `${files.name}/${path}`);
}

async function readTokenizer(files: FileSet): Promise<Tokenizer | undefined> {
  const text = await read(files, "tokenizer.json");
  if (text !== undefined) return loadTokenizer(text);
  const [vocab, merges] = [await read(files, "vocab.json"), await read(files, "merges.txt")];
  return vocab !== undefined && merges !== undefined ? readVocabMerges(vocab, merges) : undefined;
}

/** Before transformers 5 the template was in tokenizer_config.json: a text, or several by name. */
async function readTemplate(files: FileSet): Promise<string | undefined> {
  const own = await read(files, "chat_template.jinja");
  if (own !== undefined) return own;
  const { chat_template: template } = await readJSON(files, "tokenizer_config.json");
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return undefined;
  return template.find((one) => one?.name === "default")?.template;
}
