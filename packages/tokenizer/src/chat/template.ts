import type { Tokenizer } from "../tokenizer.ts";
import { type EncodedChat, encodeChat } from "./encode.ts";
import { ChatTemplateError } from "./errors.ts";
import { compile } from "./jinja.ts";
import { provenance } from "./provenance.ts";

/** One message, as chat APIs have them; fields beyond these are for the template. */
export interface ChatMessage {
  /** "system", "user", "assistant", "tool", or what else the template knows. */
  readonly role: string;
  readonly content?:
    | string
    | null
    | readonly { readonly type: string; readonly text?: string | undefined }[]
    | undefined;
  readonly [field: string]: unknown;
}

/** The special tokens that a template writes by name: `bos_token` and so on. */
export interface ChatTemplateOptions {
  readonly bosToken?: string | undefined;
  readonly eosToken?: string | undefined;
  readonly padToken?: string | undefined;
  readonly unkToken?: string | undefined;
}

/** What may differ from one rendering to the next. */
export interface ChatRenderOptions {
  /** Ends the text where the assistant begins to answer. Default: false. */
  readonly addGenerationPrompt?: boolean | undefined;
  /** Tools that the model may call, in JSON Schema. */
  readonly tools?: readonly unknown[] | undefined;
  readonly documents?: readonly unknown[] | undefined;
  /** Other inputs of the template, such as `{ enable_thinking: false }`. Trusted: they may spell special tokens. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** A model's way to write a conversation as one text. */
export interface ChatTemplate {
  /** The text of a conversation. Throws {@link ChatTemplateError}, also when the template refuses the messages. */
  render(messages: readonly ChatMessage[], options?: ChatRenderOptions): string;
  /**
   * The ids of a conversation: what `render` gives, in which only the template's own text can be special tokens; what a
   * message, a tool or a document spells like one is ordinary text. Roles are trusted. Throws {@link ChatTemplateError}
   * when the template refuses the messages, rewrites their text beyond recognition, or names a special token that
   * `tokenizer` does not have.
   */
  encode(
    tokenizer: Tokenizer,
    messages: readonly ChatMessage[],
    options?: ChatRenderOptions,
  ): EncodedChat;
}

/**
 * A chat template: `source` is Jinja, as in `chat_template.jinja`, read as transformers reads it. A template cannot run
 * without end. Throws {@link ChatTemplateError}.
 */
export function chatTemplate(source: string, options: ChatTemplateOptions = {}): ChatTemplate {
  const { literals, render } = compile(source);
  const named = Object.entries({
    bos_token: options.bosToken,
    eos_token: options.eosToken,
    pad_token: options.padToken,
    unk_token: options.unkToken,
  }).filter(([, token]) => token !== undefined);

  const renderer =
    ({ addGenerationPrompt = false, variables }: ChatRenderOptions) =>
    (conversation: object): string =>
      render({
        ...Object.fromEntries(named),
        add_generation_prompt: addGenerationPrompt,
        ...variables,
        ...conversation,
      });
  const conversationOf = (
    messages: readonly ChatMessage[],
    { tools, documents }: ChatRenderOptions,
  ) => ({ messages, tools: tools ?? null, documents: documents ?? null });

  return {
    render: (messages, options = {}) => renderer(options)(conversationOf(messages, options)),
    encode(tokenizer, messages, options = {}) {
      const { specials } = tokenizer;
      const write = renderer(options);
      const conversation = conversationOf(messages, options);
      const text = write(conversation);
      for (const [name, token] of named)
        if (token && !specials.has(token) && text.includes(token))
          throw new ChatTemplateError(
            `${name} ${JSON.stringify(token)} is no special token of the tokenizer`,
            `its special tokens are ${[...specials.keys()].join(" ") || "none"}`,
          );
      const known = provenance(text, conversation, write, literals, [...specials.keys()]);
      if (!known)
        throw new ChatTemplateError(
          "changes the text of messages so that it cannot be told apart from the template's own",
          "render the text, make sure that no message spells a special token, and encode it with allowedSpecial",
        );
      return encodeChat(tokenizer, text, known);
    },
  };
}
