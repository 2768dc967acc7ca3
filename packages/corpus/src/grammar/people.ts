/** Someone in a story, with what the narrator must know to speak of them. */
export interface Person {
  /** "Lily", "Grandpa", "the baker". */
  readonly name: string;
  readonly he: "he" | "she" | "it";
  /** What they are: "girl", "fox", "grandpa". */
  readonly kind: string;
  readonly hand: "hand" | "paw";
  /** Index of the sentence and of the paragraph of the last mention; far below 0 before it. */
  sentence: number;
  paragraph: number;
  /** How often they were named or meant. */
  mentions: number;
}

/** Subject, object, possessor, reflexive. */
export type Role = "he" | "him" | "his" | "self";

const PRONOUNS: Record<Person["he"], Record<Role, string>> = {
  he: { he: "he", him: "him", his: "his", self: "himself" },
  she: { he: "she", him: "her", his: "her", self: "herself" },
  it: { he: "it", him: "it", his: "its", self: "itself" },
};

export const person = (
  name: string,
  he: Person["he"],
  kind: string,
  hand: Person["hand"] = "hand",
): Person => ({ name, he, kind, hand, sentence: -9, paragraph: -1, mentions: 0 });

export const pronoun = (who: Person, role: Role): string => PRONOUNS[who.he][role];

export const possessive = (name: string): string => (name.endsWith("s") ? `${name}'` : `${name}'s`);
