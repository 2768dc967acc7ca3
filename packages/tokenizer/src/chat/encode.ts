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
  // A special may take white space of the answer, at its start or its end.
  const isBefore = (special: Span, { start, end }: Span) =>
    special.start < start || special.end <= end;
  for (const answer of answers) {
    while (next < specials.length && isBefore(specials[next]!, answer)) next++;
    const special = specials[next];
    if (special && text.slice(answer.end, special.start).trim() === "") answer.end = special.end;
  }
}

/** The ids of `text`, in which only what the template wrote can be special tokens. */
export function encodeChat(
  tokenizer: Tokenizer,
  text: string,
  { owners, isTemplate }: Provenance,
): EncodedChat {
  const { specials } = tokenizer;
  // White space that a special takes may be anyone's. A normalizer may make specials of what does not spell them, which
  // marks are not made for.
  const spelled = (start: number, end: number): Span | undefined => {
    const part = text.slice(start, end);
    const from = specials.has(part) ? start : start + part.length - part.trimStart().length;
    const to = specials.has(part) ? end : from + part.trim().length;
    return specials.has(text.slice(from, to)) ? { start: from, end: to } : undefined;
  };
  const { ids, starts, ends } = tokenizer.encodeWithOffsets(text, {
    allowedSpecial: "all",
    disallowedSpecial: [],
    // What stands around a conversation is the chat template's to say.
    addSpecialTokens: false,
    specialAt(start, end) {
      const span = spelled(start, end);
      return span !== undefined && isTemplate(span.start, span.end);
    },
  });
  const special = new Set(specials.values());
  const found: Span[] = [];
  for (const [i, id] of ids.entries()) {
    const span = { start: starts[i]!, end: ends[i]! };
    // What is unknown to a vocabulary may have the id of a special.
    if (special.has(id) && spelled(span.start, span.end)) found.push(span);
  }

  const answers = answersIn(owners);
  close(answers, found, text);
  let answer = 0;
  const mask = Uint8Array.from(starts, (start) => {
    while (answer < answers.length && answers[answer]!.end <= start) answer++;
    return answer < answers.length && answers[answer]!.start <= start ? 1 : 0;
  });
  return { ids, mask };
}
