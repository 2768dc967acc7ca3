/** A chat template that cannot be read, or that cannot be rendered for these messages. */
export class ChatTemplateError extends Error {
  override name = "ChatTemplateError";
  constructor(problem: string, remedy: string, cause?: unknown) {
    super(`chat template: ${problem}; ${remedy}`, { cause });
  }
}
