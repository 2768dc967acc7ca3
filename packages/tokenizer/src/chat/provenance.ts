// Which characters of a rendered text a message spelled, and which the template wrote. Text of messages is rendered a
// second time with marks between its characters, so whatever the template does to it (trim, split, repeat, JSON), marks
// tell where it ended up; if they change what the template does, the texts differ and nothing is concluded.

/** The template's own text. */
export const TEMPLATE = 0;
/** Text of a message, of tools, of documents. */
const OTHER = 1;
/** Content of an assistant's message has an owner of its own, for one message after the other. */
const ASSISTANTS = 30;

/** Who spelled a text, unit by unit. */
export interface Provenance {
  /** For each UTF-16 unit of the text: {@link TEMPLATE}, or another number for text of messages. */
  readonly owners: Uint8Array;
  /** Whether the template wrote `[start, end)`: no character of it is of a message, and no mark is between two. */
  readonly isTemplate: (start: number, end: number) => boolean;
}

export const isAssistant = (owner: number): boolean => owner > OTHER;

const owner = (message: number, role: unknown, path: readonly string[]): number =>
  role === "assistant" && path[0] === "content" && path.at(-1) !== "type"
    ? OTHER + 1 + (message % ASSISTANTS)
    : OTHER;

/** The first of 32 characters that occur in none of the texts: noncharacters, else private ones. */
function freeMarks(texts: string): number | undefined {
  const used = new Set<number>();
  for (const [character] of texts.matchAll(/[\uFDD0-\uFDEF\uE000-\uF8FF]/g))
    used.add(Math.floor(character.charCodeAt(0) / 16));
  const first = [0xfdd0, ...Array.from({ length: 200 }, (_, i) => 0xe000 + 32 * i)];
  return first.find((base) => !used.has(base / 16) && !used.has(base / 16 + 1));
}

/** Marks a text, but for parts that the template looks at, which match `free`. */
function mark(text: string, character: string, free: RegExp | undefined): string {
  const all = (part: string) =>
    part === "" ? "" : character + Array.from(part).join(character) + character;
  if (!free) return all(text);
  let marked = "";
  let from = 0;
  for (const { 0: part, index } of text.matchAll(free)) {
    marked += all(text.slice(from, index)) + part;
    from = index + part.length;
  }
  return marked + all(text.slice(from));
}

/** Fields by which templates choose; what looks like a name there is left alone. */
const NAMES = new Set(["role", "type"]);
const isName = (text: string) => /^[\w.-]*$/.test(text);

/** A copy of `value` in which every string is what `change` makes of it. */
function deep(
  value: unknown,
  path: readonly string[],
  change: (text: string, path: readonly string[]) => string,
): unknown {
  if (typeof value === "string") {
    const field = path.at(-1);
    return field !== undefined && NAMES.has(field) && isName(value) ? value : change(value, path);
  }
  if (Array.isArray(value)) return value.map((item) => deep(item, path, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      isName(key) ? key : change(key, path),
      deep(item, [...path, key], change),
    ]),
  );
}

const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** Whether `a` and `b` can share a character where both are in a text. */
const canOverlap = (a: string, b: string): boolean => {
  if (a.includes(b) || b.includes(a)) return true;
  for (let n = 1; n < Math.min(a.length, b.length); n++)
    if (a.endsWith(b.slice(0, n)) || b.endsWith(a.slice(0, n))) return true;
  return false;
};

/** What may be left unmarked, from nothing to all that templates are seen to look at: white space, and their own strings. */
function freedoms(
  literals: readonly string[],
  specials: readonly string[],
): (RegExp | undefined)[] {
  const safe = literals
    .filter((literal) => !specials.some((special) => canOverlap(literal, special)))
    .sort((a, b) => b.length - a.length)
    .map(literally);
  return [undefined, /^\s+|\s+$/gu, new RegExp([...safe, "\\s+"].join("|"), "gu")];
}

/** Tells marks and text apart again. */
function read(marked: string, base: number): Provenance & { readonly text: string } {
  const owners = new Uint8Array(marked.length);
  const seams = new Uint8Array(marked.length + 1); // 1 where a mark is before the unit
  let text = "";
  let from = 0;
  let length = 0;
  let now = TEMPLATE;
  for (let i = 0; i <= marked.length; i++) {
    const at = marked.charCodeAt(i) - base; // NaN at the end
    const isMark = at >= 0 && at < 32;
    if (!isMark && i < marked.length) continue;
    // Between two equal marks is one character; what is longer is the template's, between two texts of a message.
    const part = marked.slice(from, i);
    const one = part.length === 1 || (part.length === 2 && part.codePointAt(0)! > 0xffff);
    const own = isMark && now === at + 1 && one;
    owners.fill(own ? now : TEMPLATE, length, length + part.length);
    text += part;
    length += part.length;
    seams[length] = 1;
    now = at + 1;
    from = i + 1;
  }
  const isTemplate = (start: number, end: number) =>
    owners.subarray(start, end).every((one) => one === TEMPLATE) &&
    !seams.subarray(start + 1, end).includes(1);
  return { text, owners: owners.subarray(0, length), isTemplate };
}

/** What a template is rendered for. */
export interface Conversation {
  readonly messages: readonly { readonly role: string; readonly [field: string]: unknown }[];
  readonly [name: string]: unknown;
}

/**
 * Who spelled `text`, which is what `render` makes of `conversation`; undefined where that cannot be told, because the
 * template looks into the text of a message in a way that marks disturb.
 */
export function provenance(
  text: string,
  { messages, ...others }: Conversation,
  render: (conversation: Conversation) => string,
  literals: readonly string[],
  specials: readonly string[],
): Provenance | undefined {
  const base = freeMarks(text + JSON.stringify([messages, others]) + literals.join(""));
  if (base === undefined) return undefined;
  const character = (of: number) => String.fromCharCode(base + of - 1);
  for (const free of freedoms(literals, specials)) {
    const marks = messages.map((message, i) =>
      deep(message, [], (part, path) => mark(part, character(owner(i, message.role, path)), free)),
    ) as Conversation["messages"]; // `deep` keeps the shape
    const rest = deep(others, [], (part) => mark(part, character(OTHER), free)) as object;
    let marked: string;
    try {
      marked = render({ ...rest, messages: marks });
    } catch {
      continue; // the template refuses marks
    }
    const found = read(marked, base);
    if (found.text === text) return found;
  }
  return undefined;
}
