export { type LoadChatTemplateOptions, loadChatTemplate } from "./config.ts";
export type { EncodedChat } from "./encode.ts";
export { ChatTemplateError } from "./errors.ts";
export {
  type ChatMessage,
  type ChatRenderOptions,
  type ChatTemplate,
  type ChatTemplateOptions,
  chatTemplate,
} from "./template.ts";
