import { cast, night, open, type Plot } from "./beats.ts";

/** Where, what is heard or seen there, how one dares to look, and what it was. */
const FEARS = [
  [
    "the window",
    "At night something went scratch, scratch at the glass",
    "pulled the curtain aside",
    "a branch of the pear tree, tapping in the wind",
  ],
  [
    "the cellar",
    "Something down there groaned like a giant",
    "went down, one step at a time",
    "the old pump, which groaned whenever water ran",
  ],
  [
    "the attic",
    "Up there, something knocked three times and stopped, and knocked again",
    "climbed the ladder",
    "a loose shutter",
  ],
  [
    "the reeds",
    "In the evening a deep, rough voice called from there",
    "parted the reeds",
    "a fat frog, no bigger than a fist",
  ],
  [
    "the barn",
    "Two yellow eyes shone in the dark there",
    "opened the door, inch by inch",
    "a mother cat with five kittens",
  ],
  [
    "the field",
    "When the moon was up, a thin man stood there and waved",
    "walked up to the thin man",
    "a scarecrow in an old coat",
  ],
  [
    "the hedge",
    "Something behind it growled and panted",
    "looked through a gap",
    "a young dog that only wanted its ball back",
  ],
  [
    "the chimney",
    "Something in there fluttered and sighed",
    "held a light up high",
    "a swallow building its nest",
  ],
] as const;

/** What is feared turns out to be small when one goes and looks. */
export const fear: Plot = (t) => {
  cast(t);
  const [spot, sign, dare, truth] = t.pick(FEARS);
  t.set({ spot, sign, dare, truth, lamp: t.pick(["a candle", "a lantern", "a little lamp"]) });
  t.set({ guess: t.pick(["a ghost", "a monster", "a troll", "a robber", "a dragon"]) });
  open(t, "shy|quiet|gentle|dreamy|timid|careful");
  t.tell(
    "But there was one thing that $h was ~afraid of, and that was $spot. $sign.",
    "$h was sure that it was $guess[, a big one|].",
    "$h [always ran past|never went near it alone|pulled the blanket over $h.his head].",
    "\n[One Friday|One evening|One rainy day|In the winter], $h's friend $f.n came to stay for the night.",
    "[When it got dark|After supper], $f noticed that $h's $h.hands were shaking.",
    "f>h: What is the matter?",
    "h>f scared: [Do not laugh.|You will laugh at me.] It is $spot. I think there is $guess.",
    "$f.n did not laugh.",
    "f>h: [Grandma always says|They say] that fear is like a shadow. It gets smaller when you walk up to it. [I will come with you.|Let us go and look together.]",
    "$h did not want to. $h's heart beat like a drum.",
    "But $h took $lamp in one $h.hand and $f's $f.hand in the other, and off they went.",
    "[A board creaked.|It was very still.] [The light flickered.|Somewhere an owl hooted.]",
    "h>f scared: [Did you hear that?|I want to go back.]",
    "f>h scared: I am ~afraid too. We will count to three. One, two, three!",
    "$h held $h.his breath and $dare.",
    "And what was it? It was only $truth!",
    "[They looked at each other and began to laugh.|$h laughed so hard that the light shook.]",
    "h>f happy: [And that was my monster!|So that was it all the time!]",
    "\n~since, $h was not ~afraid of $spot anymore.",
    "And when [a ~little cousin|a new neighbor] was ~afraid of the [thunder|dark|deep water|big dog], $h knew just what to say.",
  );
  night(t);
};
