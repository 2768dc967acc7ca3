import { cast, night, open, type Plot } from "./beats.ts";

/** What is learned, two failures, the advice, and how it goes at last. */
const SKILLS = [
  [
    "swim",
    "sank like a stone",
    "swallowed half the lake",
    "Lie on your back first. The water will hold you",
    "floated, and kicked, and swam all the way to the dock",
  ],
  [
    "ride a bike",
    "tipped over at once",
    "rode straight into a bush",
    "Do not look at your feet. Look where you want to go",
    "rode to the well and back without a wobble",
  ],
  [
    "whistle",
    "only blew air",
    "sounded like a leaky kettle",
    "Wet your lips, and blow as if you were cooling soup",
    "whistled a note so clear that the birds answered",
  ],
  [
    "walk on stilts",
    "fell off on the left",
    "fell off on the right",
    "Keep moving. Standing still is the hard part",
    "walked around the house, as tall as a door",
  ],
  [
    "juggle",
    "dropped all three balls",
    "hit the lamp",
    "Begin with one ball, then take two",
    "kept three balls in the air and counted to fifty",
  ],
  [
    "knit",
    "made nothing but knots",
    "made a sock with two holes",
    "Count every stitch, and do not hurry",
    "knitted a scarf without a single hole",
  ],
  [
    "bake bread",
    "took a brick out of the oven",
    "burned the crust black",
    "Let the dough rest. It needs time to rise",
    "baked a loaf so light that it was gone by noon",
  ],
  [
    "play the flute",
    "squeaked like a mouse",
    "made the dog howl",
    "Play one note at a time, slowly, and listen",
    "played a whole song from start to end",
  ],
  [
    "row a boat",
    "went around in circles",
    "lost an oar",
    "Pull with both arms at the same time",
    "rowed across the lake, as straight as an arrow",
  ],
  [
    "skip stones",
    "heard only one loud splash",
    "hit a duck house",
    "Choose a flat stone, and throw it low",
    "made a stone hop seven times",
  ],
  [
    "catch a ball",
    "shut both eyes and missed",
    "caught it with $h.his nose",
    "Watch the ball all the way into your hands",
    "caught ten balls in a row",
  ],
] as const;

/** Something is learned by trying, failing, being told how, and trying on. */
export const skill: Plot = (t) => {
  cast(t);
  const [verb, fail, worse, advice, success] = t.pick(SKILLS);
  t.set({ v: verb, fail, worse, success, days: t.pick(["three days", "a week", "two weeks"]) });
  t.set({
    advice: advice.replace("hands", "$h.hands"),
    many: t.pick(["ten", "twenty", "fifty", "a hundred"]),
  });
  open(t, "stubborn|patient|impatient|eager|lively|brave|quiet");
  t.tell(
    "\n[$h's friend $f.n could $v|All the others could $v, and $f.n best of all]. $h could not.",
    "~oneday, $h made up $h's mind to learn it.",
    "[The first time|On the first try], $h $fail. [The second time|Then], $h $worse.",
    "[One of them laughed.|Somebody on the fence laughed.|$h's face was hot.]",
    "h angry: I [cannot do it|give up]! I will never learn to $v!",
    "$h went home and sat down [on the steps|under the table|by the stove].",
    "$k [sat down too|came and sat beside $h.o].",
    "k>h kind: Do you know how often I [tried|failed] before I could $v? At least $many times.",
    "h>k: [You|Really, you]?",
    "k>h: Yes. Let me tell you a secret. $advice.",
    "\n~next, $h [tried it that way|did as $k had said].",
    "It was [not good yet|still hard], but it was better.",
    "$h practiced before [breakfast|school] and after supper, [in the sun and in the rain|even on Sunday], for $days.",
    "Then, [one evening|on Saturday|one morning], [it happened|everything fit together].",
    "$h $success!",
    "h>k loud: Did you see [that|me]? I can $v!",
    "f>h happy: [You did it!|I knew you could!|That was wonderful!]",
    "\n[Some time later|In the summer|A month later], $h found a ~little $f.kind who [could not $v|wanted to learn to $v] and was [crying|ready to give up].",
    '[$h sat down|$h smiled and sat down]. "Let me tell you a secret," $h.he said. "$advice."',
  );
  night(t);
};
