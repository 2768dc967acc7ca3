import { type Person, person } from "../grammar/people.ts";
import type { Teller, Thing } from "../grammar/teller.ts";
import { boys, family, girls, heAnimals, kinds, sheAnimals } from "../words/people.ts";
import { dens, homes, places } from "../words/places.ts";
import { things } from "../words/things.ts";

/** A plot tells one story. */
export type Plot = (t: Teller) => void;

const LOVES = (
  "draw pictures of ships|sing in the bath|read about the stars|whistle old songs|tell jokes|" +
  "collect smooth stones|paint with bright colors|dance in the rain|make up songs|watch the clouds|" +
  "play by the water|look for bugs|build towers out of boxes|listen to old stories|feed the birds|" +
  "jump in puddles|ask questions|run in the grass|count the stars|make little boats|play the flute|" +
  "help in the garden|bake bread|watch the trains go by|sleep late|climb hills|look at maps"
).split("|");

const TRAITS =
  "kind|brave|curious|gentle|cheerful|quiet|lively|clever|friendly|dreamy|polite|merry|thoughtful|helpful";

function hero(t: Teller, child: boolean): Person {
  const she = t.once(2);
  if (!child) {
    const kind = t.pick(kinds);
    return person(t.pick(she ? sheAnimals : heAnimals), she ? "she" : "he", kind, "paw");
  }
  return person(t.pick(she ? girls : boys), she ? "she" : "he", she ? "girl" : "boy");
}

/**
 * Binds a hero h, a friend f and a grown-up k. In a story of animals all of them are; some plots
 * need people.
 */
export function cast(t: Teller, people = false): { child: boolean } {
  const child = people || !t.once(4);
  const h = hero(t, child);
  let f = hero(t, child);
  while (f.name[0] === h.name[0]) f = hero(t, child);
  const [name, he, kind] = t.pick(family);
  t.set({
    h,
    f,
    k: person(name, he, kind, h.hand),
    smell: "[rain|warm bread|wild mint|cut grass]",
  });
  return { child };
}

/** Introduces the hero, and what the hero likes. */
export function open(t: Teller, traits = TRAITS): void {
  const { hand, kind } = t.person("h");
  t.set({
    trait: t.pick(traits.split("|")),
    desc: hand === "paw" ? `[little|young] ${kind}` : `[little|young|] ${kind}`,
    home: hand === "paw" ? dens : homes,
    love: t.pick(LOVES),
    love2: t.pick(LOVES),
  });
  t.tell(
    [
      "Once upon a time, [there was|there lived] a $trait $desc [named|called] $h.n[ who lived $home|].",
      "$h.n was a $trait $desc who lived $home[| with $h's family].",
      "There was once a $trait $desc [whose name was|by the name of] $h.n. [$h lived $home.|]",
      "A $trait $desc lived $home. $h.his name was $h.n.",
      "[Everyone|Everybody] knew $h.n, the $trait $desc who lived $home.",
    ],
    [
      "$h loved to $love[|, and most of all $h loved to $love2].",
      "$h liked to $love and to $love2.",
      "[Every day|On quiet days|Whenever there was time], $h $love.past.",
      "[Nothing made $h.o happier than|$h liked nothing better than] $love.ing.",
      "",
      "",
    ],
  );
}

/** Binds the place ($p, $at) with its spots s0 … s3, and things to do there: $do, $do2. */
export function setting(t: Teller): void {
  const [p, at, spots, acts, smell] = t.pick(places);
  const [s0, s1, s2, s3] = [0, 1, 2, 3].map(() => t.pick(spots.split("|"))) as string[];
  const [act, act2] = [0, 1].map(() => t.pick(acts.split("|"))) as string[];
  t.set({ p, smell, at: `${at} ${p}`, s0: s0!, s1: s1!, s2: s2!, s3: s3!, do: act!, doo: act2! });
}

/** Binds a thing of a kind to `key`. */
export function thing(t: Teller, key: string, kind: string): Thing {
  const found = t.pick(things(kind));
  t.set({ [key]: found });
  return found;
}

/** A sentence, or none, on how it is out of doors. */
export function scenery(t: Teller): void {
  t.tell([
    "",
    "",
    "The sun came out, and [birds were singing|a soft wind blew|the wet roofs shone|it grew warm].",
    "[White|Small|Fat] clouds [drifted|sailed] [over the hills|across the sky].",
    "The air smelled of $smell.",
    "[Somewhere|Far away], a [dog barked|bell rang|cuckoo called|rooster crowed].",
    "The leaves [rustled|whispered] in the wind.",
    "[Two|Three|Four] [swallows|crows|white doves|sparrows] flew [over the roofs|overhead|past].",
  ]);
}

/** The end of the day, or nothing. */
export function night(t: Teller): void {
  t.tell([
    "",
    "",
    "That [night|evening], $h [fell asleep with a smile|slept very well|told $k.o all about it|was too happy to sleep].",
    "[When the stars came out|At bedtime], $h [smiled in the dark|thought about the day and smiled|was still smiling].",
    "It had been a [long|good|strange|wonderful] day.",
    "[Outside, the moon came up over the hills|The stars came out, one by one].",
    "$k [smiled and said nothing|gave $h.o a big hug|was very proud of $h.o].",
  ]);
}
