import { pick, type Random } from "../random.ts";
import { synonyms } from "../words/synonyms.ts";
import { gerund, past, sentences } from "./inflect.ts";
import { type Person, possessive, pronoun, type Role } from "./people.ts";
import { spoken } from "./speech.ts";
import { parse, type Template } from "./template.ts";

/** A single thing: "ball", and how it looks: "red". */
export interface Thing {
  readonly noun: string;
  readonly look: string;
}

/** What a key of a template stands for; a string is itself a template, or begins with a verb. */
export type Value = Person | Thing | string;

const SPEECH = /^([a-z]\d?)(?:>([a-z]\d?))?(?: ([a-z]+))?: (.*)$/s;
const PARAGRAPH = 420;
const ROLES: Record<string, Role | undefined> = {
  ...{ "": "he", n: "he", o: "him", s: "his" },
  ...{ he: "he", him: "him", his: "his", self: "self" },
};

/**
 * Narrates one story: expands templates, chooses between a name and a pronoun, sets speech in
 * quotation marks and breaks paragraphs.
 */
export class Teller {
  private readonly scope = new Map<string, Value>();
  private readonly people: Person[] = [];
  private readonly lastSynonym = new Map<string, Template>();
  private readonly taken = new Set<unknown>();
  private readonly paragraphs: string[] = [""];
  private out = "";
  private sentence = 0;
  private subject: Person | undefined;
  private subjectSentence = -1;
  private speaker: Person | undefined;
  private listener: Person | undefined;
  private lastSpeaker: Person | undefined;
  private justSpoke = false;

  constructor(readonly random: Random) {}

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.random.below(n) === 0;
  }

  /** One of the items, none twice in a story while others remain. */
  pick<T>(items: readonly T[]): T {
    const fresh = items.filter((item) => !this.taken.has(item));
    const item = pick(this.random, fresh.length > 0 ? fresh : items);
    this.taken.add(item);
    return item;
  }

  set(values: Record<string, Value>): void {
    for (const [key, value] of Object.entries(values)) {
      this.scope.set(key, value);
      if (typeof value === "object" && "he" in value && !this.people.includes(value)) {
        this.people.push(value);
      }
    }
  }

  person(key: string): Person {
    const value = this.scope.get(key);
    if (typeof value !== "object" || !("he" in value)) throw new Error(`$${key} is not a person`);
    return value;
  }

  /**
   * Adds lines: narration, or speech as `h>f kind: words` (speaker, listener, manner). A list
   * offers alternatives, an empty line is left out, a leading newline begins a paragraph.
   */
  tell(...lines: readonly (string | readonly string[])[]): void {
    for (const offered of lines) {
      let line = typeof offered === "string" ? offered : pick(this.random, offered);
      if (line.startsWith("\n")) {
        this.breakParagraph();
        line = line.slice(1);
      }
      if (line === "") continue;
      const speech = SPEECH.exec(line);
      if (speech) this.speak(speech[1]!, speech[2], speech[3] ?? "", speech[4]!);
      else this.narrate(line);
    }
  }

  /** The story so far: one paragraph a line. */
  text(): string {
    return this.paragraphs.filter((paragraph) => paragraph !== "").join("\n");
  }

  private narrate(line: string): void {
    const full = this.paragraphs.at(-1)!.length > PARAGRAPH;
    if (full || (this.justSpoke && this.once(2))) this.breakParagraph();
    this.justSpoke = false;
    const told = sentences(this.expand(line));
    if (told !== "") this.add(told);
  }

  private speak(who: string, to: string | undefined, manner: string, line: string): void {
    const speaker = this.person(who);
    const listener = to === undefined ? undefined : this.person(to);
    const here = this.paragraphs.at(-1)!;
    const other = this.lastSpeaker !== undefined && this.lastSpeaker !== speaker;
    if (other || here.length > PARAGRAPH || (here !== "" && this.once(2))) this.breakParagraph();
    this.speaker = speaker;
    this.listener = listener;
    const words = sentences(this.expand(line));
    this.speaker = undefined;
    this.out = "";
    this.set({ speaker });
    this.add(spoken(this, words, manner, listener, this.justSpoke && other));
    this.lastSpeaker = speaker;
    this.justSpoke = true;
  }

  private breakParagraph(): void {
    if (this.paragraphs.at(-1) !== "") this.paragraphs.push("");
    this.lastSpeaker = undefined;
  }

  private add(line: string): void {
    const here = this.paragraphs.pop()!;
    this.paragraphs.push(here === "" ? line : `${here} ${line}`);
    this.sentence = this.now() + 1;
    this.out = "";
  }

  /** Expands a template at the place in the line where the narrator is. */
  expand(source: string): string {
    const before = this.out.length;
    this.walk(parse(source));
    return this.out.slice(before);
  }

  private walk(template: Template): void {
    for (const part of template) {
      if (typeof part === "string") this.out += part;
      else if ("choices" in part) this.walk(pick(this.random, part.choices));
      else if ("synonym" in part) this.walk(this.synonym(part.synonym));
      else this.refer(part.key, part.form);
    }
  }

  /** A word of a meaning, never the same twice in a row. */
  private synonym(meaning: string): Template {
    const words = synonyms[meaning];
    if (!words) throw new Error(`~${meaning} is not in the list of synonyms`);
    const last = this.lastSynonym.get(meaning);
    const [part] = parse(`[${words}]`) as [{ choices: readonly Template[] }];
    const word = pick(
      this.random,
      part.choices.filter((other) => other !== last),
    );
    this.lastSynonym.set(meaning, word);
    return word;
  }

  private refer(key: string, form: string): void {
    const value = this.scope.get(key);
    if (value === undefined) throw new Error(`$${key} is bound to nothing in this story`);
    if (typeof value === "string") {
      if (form === "past") this.walk(parse(past(value)));
      else if (form === "ing") this.walk(parse(gerund(value)));
      else this.walk(parse(value));
    } else if ("noun" in value) {
      const full = `${value.look} ${value.noun}`;
      if (form === "a") this.out += `a ${full}`;
      else if (form === "n") this.out += value.noun;
      else this.out += form === "full" || this.once(4) ? full : value.noun;
    } else {
      this.out += this.mention(value, form);
    }
  }

  /** Index of the sentence that is being told. */
  private now(): number {
    return this.sentence + (this.out.match(/[.!?] /g)?.length ?? 0);
  }

  private mention(who: Person, form: string): string {
    if (form === "kind" || form === "hand") return who[form];
    if (form === "hands") return `${who.hand}s`;
    const role = ROLES[form];
    if (!role) throw new Error(`a person has no form .${form}`);
    const now = this.now();
    if (this.speaker && form !== "n") {
      if (who === this.speaker) return { he: "I", him: "me", his: "my", self: "myself" }[role];
      if (who === this.listener)
        return { he: "you", him: "you", his: "your", self: "yourself" }[role];
    }
    const forced = form === role;
    const short = forced || (form !== "n" && !this.speaker && this.isClear(who, role, now));
    who.mentions++;
    who.sentence = now;
    who.paragraph = this.paragraphs.length;
    if (this.subjectSentence !== now && !this.speaker) {
      this.subject = who;
      this.subjectSentence = now;
    }
    if (short) return pronoun(who, role);
    const name = form === "" && this.epithet(who) ? `the ${who.kind}` : who.name;
    return role === "his" ? possessive(name) : name;
  }

  /** Whether a pronoun can mean nobody but `who` here, and reads well. */
  private isClear(who: Person, role: Role, now: number): boolean {
    const again = who.sentence === now;
    if (again && this.subject === who && this.subjectSentence === now && role !== "him")
      return true;
    const rivals = this.people.some(
      (other) => other !== who && other.he === who.he && other.sentence >= now - 1,
    );
    if (rivals || who.sentence < now - 1) return false;
    if (again) return true;
    return who.paragraph === this.paragraphs.length && (role !== "he" || !this.once(5));
  }

  /** Now and then "the girl" stands for a name, where there is but one girl. */
  private epithet(who: Person): boolean {
    if (who.mentions < 4 || /^(the|Aunt|Uncle) /.test(who.name)) return false;
    if (this.people.some((other) => other !== who && other.kind === who.kind)) return false;
    return who.kind !== who.name.toLowerCase() && this.once(8);
  }
}
