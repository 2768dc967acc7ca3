import { cast, open, type Plot } from "./beats.ts";

/** The duty, the false alarm, who comes with what, what happens in earnest, and the loss. */
const ALARMS = [
  [
    "mind the sheep",
    "A wolf is after the sheep",
    "The shepherds",
    "sticks",
    "a real wolf came out of the trees",
    "two lambs were gone",
  ],
  [
    "watch the hens",
    "A weasel is in the hen house",
    "The farmers",
    "brooms and pans",
    "a real weasel slid under the fence",
    "the yard was full of feathers",
  ],
  [
    "mind the ovens",
    "The bakery is on fire",
    "The neighbors",
    "buckets of water",
    "black smoke poured out of the oven",
    "forty loaves were burned",
  ],
  [
    "guard the boats",
    "The boats are drifting away",
    "The fishermen",
    "ropes and hooks",
    "a strong wind tore the ropes",
    "the best boat lay broken on the rocks",
  ],
  [
    "watch the cherry trees",
    "The crows are eating the cherries",
    "The gardeners",
    "drums and rattles",
    "a great cloud of crows came down",
    "there was not one cherry left for jam",
  ],
] as const;

/** False alarms are fun until the alarm is true and nobody comes. */
export const trick: Plot = (t) => {
  cast(t, true);
  const [duty, alarm, folk, tools, danger, loss] = t.pick(ALARMS);
  t.set({ duty, alarm, folk, tools, danger, loss });
  open(t, "playful|bored|lively|merry|clever");
  t.tell(
    "\nOne summer, it was $h's work to $duty.",
    "[It was easy, but it was dull.|Nothing ever happened.]",
    "h sly: I know how to have some fun.",
    "$h [climbed onto a fence|ran out into the street|stood on a barrel].",
    "h loud: Help! $alarm!",
    "$folk came running with $tools[, red in the face and out of breath|].",
    "But there was no danger at all. $h [laughed and laughed|laughed until it hurt].",
    "h happy: It was only a joke! [You should see your faces.|How fast you can run!]",
    "$f.n, who had [run fastest|come too], did not laugh.",
    "f>h: [That is not funny.|I fell and tore my sleeve.] What if one day it is true?",
    "\nBut [two days later|the next week], $h did it again.",
    "$folk came again, and went home [shaking their heads|grumbling].",
    "Then, [one evening|on Friday], $danger.",
    "h: Help! $alarm! [Please come!|It is true this time!]",
    "[People heard it and stayed at their tables.|Nobody came. One window closed, and then another.]",
    "$h [shouted until $h.his voice was gone|tried everything alone]. When it was over, $loss.",
    "\nThat night $h went from door to door, [crying|with a white face].",
    "h sorry: ~sorry I told a lie twice, and so nobody could know that it was the truth.",
    "k>h: Trust is like a cup. It breaks in a moment, and mending takes long.",
    "$h worked all [summer|autumn] to [pay for it|make up for it], and $f.n helped.",
    "~since, when $h called, it was true, and [people came|in the end people came again].",
  );
};
