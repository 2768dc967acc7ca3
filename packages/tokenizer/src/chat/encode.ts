import { type Segment, Specials } from "../specials.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { isAssistant, type Provenance, TEMPLATE } from "./provenance.ts";

/** A conversation as a model reads it. */
export interface EncodedChat {
  readonly ids: Int32Array;
  /** 1 where a loss should count, else 0: the content of assistants and the special token that ends it. */
  readonly mask: Uint8Array;
}

/** `[start, end)` of a text's UTF-16 units. */
interface Span {
  readonly start: number;
  end: number;
}

/** The contents of assistants. */
function answersIn(owners: Uint8Array): Span[] {
  const spans: Span[] = [];
  let last = TEMPLATE;
  for (const [at, owner] of owners.entries()) {
    if (owner === TEMPLATE) continue;
    const open = owner === last ? spans.at(-1) : undefined;
    if (isAssistant(owner) && open) open.end = at + 1;
    else if (isAssistant(owner)) spans.push({ start: at, end: at + 1 });
    last = owner;
  }
  return spans;
}

/** The special that follows an answer belongs to it, and so does white space between: the model must write both. */
function close(answers: readonly Span[], specials: readonly Span[], text: string): void {
  let next = 0;
  for (const answer of answers) {
    while (next < specials.length && specials[next]!.start < answer.end) next++;
    const special = specials[next];
    if (special && text.slice(answer.end, special.start).trim() === "") answer.end = special.end;
  }
}

/** The ids of `text`, in which only what the template wrote can be special tokens. */
export function encodeChat(
  tokenizer: Tokenizer,
  text: string,
  { marked, owners, unmark }: Provenance,
): EncodedChat {
  const segments: readonly Segment[] = [
    ...new Specials(tokenizer.specials).segments(marked, {
      allowedSpecial: "all",
      disallowedSpecial: [],
    }),
  ];
  const parts: (Span & { readonly special: number | undefined })[] = [];
  let at = 0;
  for (const [i, { start, end, special }] of segments.entries()) {
    const length = unmark(marked.slice(start, end)).length;
    parts.push({ start: at, end: at + length, special: undefined });
    at += length;
    if (special === undefined) continue;
    const after = at + segments[i + 1]!.start - end; // no mark is in a special
    parts.push({ start: at, end: after, special });
    at = after;
  }

  const answers = answersIn(owners);
  close(
    answers,
    parts.filter(({ special }) => special !== undefined),
    text,
  );
  const ids: number[] = [];
  const mask: number[] = [];
  let answer = 0;
  const add = (id: number, start: number) => {
    while (answer < answers.length && answers[answer]!.end <= start) answer++;
    ids.push(id);
    mask.push(answer < answers.length && answers[answer]!.start <= start ? 1 : 0);
  };
  for (const { start, end, special } of parts)
    if (special !== undefined) add(special, start);
    else {
      // What stands around a conversation is the chat template's to say.
      const part = tokenizer.encodeWithOffsets(text.slice(start, end), {
        disallowedSpecial: [],
        addSpecialTokens: false,
      });
      for (const [i, id] of part.ids.entries()) add(id, start + part.starts[i]!);
    }
  return { ids: Int32Array.from(ids), mask: Uint8Array.from(mask) };
}
