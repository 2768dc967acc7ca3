import { cast, open, type Plot, scenery } from "./beats.ts";

/** Where, the warning, what they do there, how it goes wrong, what is hurt. */
const DANGERS = [
  [
    "the river",
    "The stones in the river are wet",
    "jump from stone to stone",
    "slipped on a wet stone",
    "ankle",
  ],
  [
    "the old elm",
    "That tree has rotten branches",
    "climb to the top",
    "stepped on a rotten branch and fell into the grass",
    "arm",
  ],
  [
    "the hill",
    "The path is full of loose stones",
    "race down the path",
    "tripped over a loose stone",
    "knee",
  ],
  [
    "the old wall",
    "The top of the wall is loose",
    "walk along the wall like cats",
    "stepped on a loose brick and fell into the nettles",
    "wrist",
  ],
  [
    "the barn",
    "The ladder has a broken step",
    "climb up to the hay",
    "came to the broken step and fell",
    "foot",
  ],
  [
    "the pier",
    "The boards are slick with seaweed",
    "run along the boards",
    "slid on the seaweed and crashed into a post",
    "elbow",
  ],
] as const;

/** A warning is not heard, somebody is hurt, and help is at hand; later the help comes back. */
export const hurt: Plot = (t) => {
  cast(t);
  const [where, warning, act, fall, limb] = t.pick(DANGERS);
  t.set({
    ...{ where, warning, act, fall, limb },
    x: {
      noun: t.pick(["scarf", "shawl"]),
      look: t.pick(["red", "blue", "white", "striped", "checked"]),
    },
    gift: t.pick([
      "a bunch of daisies",
      "a jar of plums",
      "a book of riddles",
      "a bowl of hot soup",
      "a pot of honey",
    ]),
  });
  open(t);
  t.tell(
    "\n~oneday, $h and $h's friend $f.n wanted to play at $where.",
    "k>h: $warning, so be careful. And take your $x.n. [It may get cold.|The wind is sharp today.]",
    "$h did not feel cold at all, but $h [put on|took] the $x.full anyway.",
  );
  scenery(t);
  t.tell(
    "f>h loud: [Let us $act!|Who is afraid? Let us $act!]",
    "h>f: [$k.n told us to be careful.|But what did $k.n say?|Not so fast! $warning.]",
    "But $f.n was already [off|on the way]. [~suddenly|A moment later] $f.n $fall.",
    "f sad: Ow! My $limb! It hurts [so much|badly].",
    "[$h ran to help.|$h was there at once.]",
    "The $limb was [red and swollen|bleeding a little|getting thick and blue].",
    "$h [dipped the $x in cold water|washed the $limb with cold water] and then tied the $x around it, not too tight.",
    "h>f kind: [Lean on me.|Hold on to my shoulder.] We will go slowly.",
    "[Step by step|Very slowly], they made their way home.",
    "$k [fetched a bandage|sent for the doctor].",
    "k>h: You did [just the right thing|very well]. That $x.n was a good bandage.",
    "\nFor [a week|ten days], $f.n had to keep still.",
    "Every afternoon $h came [with a story|to play cards|with a new riddle], so that the time would pass.",
    "[In the winter|A month later|When the leaves fell], it was $h who had [a bad cold|a fever|a sore throat|a stomach ache].",
    "There was a knock at the door.",
    "There stood $f.n with $gift, and around it was tied $x.a, washed and ironed.",
    "f>h happy: [Now it is my turn!|You came every day, and so will I.]",
  );
};
