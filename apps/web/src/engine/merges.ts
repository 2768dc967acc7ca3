import {
  characters,
  type HuggingFaceJSON,
  loadTokenizer,
  showToken,
  type Tokenizer,
  tokenText,
  trainBPE,
} from "@muladd/tokenizer";
import type { Subject } from "./subject.ts";

/** How a text is to be cut. */
export interface Cutting {
  readonly text: string;
  readonly by: "characters" | "bpe";
  /** For BPE: how many of the merges that were learned are used, the first ones. */
  readonly merges: number;
}

export interface Piece {
  readonly id: number;
  /** As text; bytes that are no character by themselves as "<E2 80>". */
  readonly text: string;
}

/** A text that is cut into tokens, and put together again. */
export interface Cut {
  readonly tokens: readonly Piece[];
  readonly characters: number;
  readonly bytes: number;
  /** Ids that there are. */
  readonly vocabulary: number;
  /** decode(encode(text)). */
  readonly decoded: string;
  readonly same: boolean;
  /** BPE: how many merges were learned, and the last one that is used. */
  readonly learned?: number;
  readonly last?: { readonly left: string; readonly right: string; readonly id: number };
}

const BYTES = 256;
/** Merges that are learned to be replayed. */
export const MOST_MERGES = 512;

/** Cuts a text. Throws UnknownCharacterError for a character that the text to learn from does not have. */
export function cutText(subject: Subject, { text, by, merges }: Cutting): Cut {
  if (by === "characters") {
    const own = subject.tokenizer.kind === "characters";
    return cut(own ? subject.tokenizer : characters(subject.text()), text);
  }
  const json = learn(subject.text());
  const learned = json.model.merges.length;
  const used = Math.max(0, Math.min(Math.floor(merges), learned));
  const tokenizer = loadTokenizer(upTo(json, used));
  const names = json.model.merges[used - 1];
  const named = (name: string) => pieceText(tokenizer, json.model.vocab[name]!);
  return {
    ...cut(tokenizer, text),
    learned,
    ...(names && {
      last: { left: named(names[0]), right: named(names[1]), id: BYTES + used - 1 },
    }),
  };
}

function cut(tokenizer: Tokenizer, text: string): Cut {
  const ids = tokenizer.encode(text, { disallowedSpecial: [] });
  const decoded = tokenizer.decode(ids);
  return {
    tokens: Array.from(ids, (id) => ({ id, text: pieceText(tokenizer, id) })),
    characters: [...text].length,
    bytes: new TextEncoder().encode(text).length,
    vocabulary: tokenizer.size,
    decoded,
    same: decoded === text,
  };
}

function pieceText(tokenizer: Tokenizer, id: number): string {
  const bytes = tokenizer.token(id);
  return tokenText(bytes) ?? showToken(bytes);
}

// Learning takes a moment, and the slider asks for the same again and again.
let last: { readonly text: string; readonly json: HuggingFaceJSON } | undefined;

function learn(text: string): HuggingFaceJSON {
  if (last?.text !== text)
    last = { text, json: trainBPE(text, { vocabulary: BYTES + MOST_MERGES }).toJSON() };
  return last.json;
}

/** The tokenizer as it was after its first merges: ids are given in the order of learning. */
function upTo(json: HuggingFaceJSON, merges: number): HuggingFaceJSON {
  const vocab = Object.entries(json.model.vocab).filter(([, id]) => id < BYTES + merges);
  const model = {
    ...json.model,
    vocab: Object.fromEntries(vocab),
    merges: json.model.merges.slice(0, merges),
  };
  return { ...json, model };
}
