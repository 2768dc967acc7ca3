import { cast, night, open, type Plot, thing } from "./beats.ts";

const ALONE = [
  "tried to play catch, but the ball only rolled away, and nobody threw it back",
  "sat on one end of the seesaw, but the other end stayed up in the air",
  "played hide and seek, but nobody came to seek",
  "told a joke to the wall, and the wall did not laugh",
  "sang a song for two voices, and half of it was missing",
];

/** Two friends fall out, find that being alone is worse, and make it up. */
export const quarrel: Plot = (t) => {
  cast(t);
  thing(t, "x", "toy");
  t.set({
    alone: t.pick(ALONE),
    alone2: t.pick(ALONE),
    grudge: t.pick(["want to play with you anymore", "want to see you again", "like you at all"]),
  });
  open(t);
  t.tell(
    "$h's best friend was [a $f.kind named|called] $f.n. [They met every day after breakfast.|]",
  );
  const lie = t.once(2);
  if (lie) {
    t.tell(
      "\n~oneday, $h lent $f.o $x.a.",
      "But $f.n [ran too fast|tripped over a root|slipped on the steps], and the $x.n fell and broke.",
      "$f was so ~afraid that $f hid the pieces [in a bush|behind the shed].",
      "f>h: [I put it somewhere. I do not know where.|Somebody must have taken it.]",
      "But ~next $h found the pieces.",
      "h>f angry: You broke it, and then you told me a lie! I do not $grudge!",
    );
  } else {
    t.tell(
      "\n~oneday, they found $x.a [in an old box|behind the shed|at the bottom of a trunk].",
      "There was only one.",
      "h>f angry: I saw it first! It is mine!",
      "f>h angry: No! [I picked it up, so it is mine!|Give it to me!]",
      "$h pulled at one side, and $f pulled at the other. [Crack!|Snap!]",
      "The $x.n [broke in two|came apart].",
      "h>f angry: Now look what you have done! I do not $grudge!",
    );
  }
  t.tell(
    "\nFor [two|three|four] days they did not speak. $h $alone.",
    "At the other end of the [lane|village], $f.n $alone2.",
    "k>h kind: [Why don't you play with $f.n?|You look ~sad. Where is $f.n?|Did you two have a fight?]",
    "[$h told $k.o everything.|Slowly, the whole story came out.]",
  );
  if (lie) {
    t.tell(
      "That same evening there was a knock at the door.",
      "It was $f.n, with [a pale face|a red nose] and a box.",
      "f>h sorry: ~sorry I was afraid, so I told a lie. [That was the worst of it.|]",
      "In the box was the $x.n, glued together piece by piece. A crack still showed.",
      "h>f kind: [Thank you for telling the truth. I can live with a crack.|I was angry about the lie, not about the $x.n.]",
    );
  } else {
    t.tell(
      "k>h kind: What do you miss more? The $x.n, or your friend?",
      "$h ~ponder. Then $h mended the $x.n with [glue|string] and took it to $f.n.",
      "h>f sorry: ~sorry I wanted it all for myself.",
      "f>h sorry: I am sorry too. I should not have pulled.",
      "~since, they took turns[, one day each|. It was more fun that way].",
    );
  }
  t.tell([
    "When they fight now, it never lasts longer than [an hour|an apple|a cup of tea].",
    "They were friends again, and [the seesaw went up and down|the days were short again].",
    "",
  ]);
  night(t);
};
