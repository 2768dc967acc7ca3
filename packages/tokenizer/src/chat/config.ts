import { TokenizerFormatError } from "../errors.ts";
import { array, describe, type Fields, object, string } from "../fields.ts";
import { ChatTemplateError } from "./errors.ts";
import { type ChatTemplate, chatTemplate } from "./template.ts";

const REMEDY = "pass a tokenizer_config.json";

/** A special token of the file: a string, or an object with its content. */
function token(file: Fields, name: string): string | undefined {
  const value = file[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : string(object(value, name).content, `${name}.content`);
}

/** The templates of the file by name; a single one is "default". */
function sources(file: Fields): Map<string, string> {
  const field = "chat_template";
  const value = file[field];
  if (value === undefined || value === null) return new Map();
  if (typeof value === "string") return new Map([["default", value]]);
  return new Map(
    array(value, field).map((item, i) => {
      const { name, template } = object(item, `${field}[${i}]`);
      return [
        string(name, `${field}[${i}].name`),
        string(template, `${field}[${i}].template`),
      ] as const;
    }),
  );
}

/** Which template to read. */
export interface LoadChatTemplateOptions {
  /** The text of the `chat_template.jinja` beside the file, which comes before what the file holds. */
  readonly jinja?: string | undefined;
  /** Of a file with several templates, "tool_use" for example. Default: "default". */
  readonly name?: string | undefined;
}

/**
 * The chat template of a model, with its special tokens: `config` is its `tokenizer_config.json`, the parsed value or
 * the text. Throws {@link ChatTemplateError} when there is no such template, and {@link TokenizerFormatError} naming the
 * field that is wrong.
 */
export function loadChatTemplate(
  config: unknown,
  { jinja, name = "default" }: LoadChatTemplateOptions = {},
): ChatTemplate {
  const file = object(typeof config === "string" ? parse(config) : config, "(whole file)");
  const known = sources(file);
  const source = jinja ?? known.get(name);
  if (source === undefined)
    throw new ChatTemplateError(
      known.size === 0
        ? "tokenizer_config.json has none"
        : `tokenizer_config.json has none of the name ${describe(name)}`,
      known.size === 0
        ? "pass the chat_template.jinja beside it as { jinja }, or write one for chatTemplate()"
        : `it has ${[...known.keys()].join(", ")}`,
    );
  return chatTemplate(source, {
    bosToken: token(file, "bos_token"),
    eosToken: token(file, "eos_token"),
    padToken: token(file, "pad_token"),
    unkToken: token(file, "unk_token"),
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TokenizerFormatError("(whole file)", `is not JSON (${why})`, REMEDY);
  }
}
