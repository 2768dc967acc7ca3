import { showToken } from "@muladd/tokenizer";

const utf8 = new TextEncoder();

/** A token, or a text, as it is shown: on one line, white space to be seen. */
export const shown = (text: string): string => showToken(utf8.encode(text));
