import { cast, open, type Plot, scenery } from "./beats.ts";

/** Where, the animal, its trouble, the tool, how it is freed, and how it gives thanks. */
const ANIMALS = [
  [
    "the forest",
    "kitten",
    "sat on a thin branch, high in a pine tree, and could not come down",
    "broom",
    "held the broom up like a bridge, and the kitten stepped on it",
    "caught the mice that had been eating the flour",
  ],
  [
    "the fish market",
    "duckling",
    "had fallen through the bars of a drain",
    "ladle",
    "reached down with the ladle and lifted the duckling out",
    "laid an egg on the doorstep",
  ],
  [
    "the hills",
    "lamb",
    "was caught in a thorn bush",
    "pair of shears",
    "cut the thorns away, one by one",
    "grew the wool for a pair of warm mittens",
  ],
  [
    "the old farm",
    "puppy",
    "sat at the bottom of a dry well",
    "rope",
    "tied a bucket to the rope and let it down, and the puppy climbed in",
    "barked and woke everybody when the stove caught fire",
  ],
  [
    "the orchard",
    "owl",
    "had fallen out of its nest",
    "hat",
    "put the owl in the hat and carried it up the tree",
    "hooted in the fog until $h found the way home",
  ],
  [
    "the moor",
    "foal",
    "stood in the bog and could not pull out its legs",
    "plank",
    "pushed the plank under the foal, and it scrambled out",
    "carried $h.o through the snow to fetch the doctor",
  ],
  [
    "the beach",
    "turtle",
    "lay on its back in the hot sun",
    "shovel",
    "turned the turtle over with the shovel",
    "ate the slugs that had been eating the beans",
  ],
] as const;

/** A tool carried for another reason saves an animal, and the animal pays it back. */
export const rescue: Plot = (t) => {
  cast(t, true);
  const [where, pet, trouble, tool, fix, thanks] = t.pick(ANIMALS);
  t.set({
    ...{ where, pet, trouble, tool, fix, thanks },
    wife: t.pick(["the neighbor", "the miller", "the teacher", "the old captain", "the gardener"]),
    sound: t.pick(["a thin cry", "a sad little sound", "a faint noise", "something cry"]),
  });
  open(t);
  t.tell(
    "\n~oneday, $k gave $h.o a $tool.",
    "k>h: Please take this $tool back to $wife. [I borrowed it last week.|And say thank you.]",
    "$h took it and ~went [down the lane|along the road]. Near $where, $h met $f.n.",
    "f>h: Why are you carrying a $tool?",
    "h>f: [It belongs to $wife.|I have to take it to $wife.] [Come along!|Do you want to come?]",
  );
  scenery(t);
  t.tell(
    "~suddenly they heard $sound. They ~looked [left and right|behind every bush|here and there].",
    "And then they saw it. A ~little $pet $trouble.",
    "f sad: [The poor thing!|Poor little $pet!] We have to help it. But how?",
    "$h tried to reach it, but [it was no use|$h's arms were too short].",
    "$f.n wanted to [run for help|call somebody], but there was [no time|nobody near].",
    "[Then|~suddenly] $h looked at the $tool.",
    "h>f loud: [I know!|I have an idea!] Hold on to me!",
    "[Slowly and carefully|With shaking $h.hands], $h $fix.",
    "The $pet [shook itself|trembled] and looked at them with [round|big dark] eyes.",
    "h kind: There, there. You are safe now.",
    "\n$wife laughed when they came so late, with [dirty|muddy] knees, a $tool and a $pet.",
    "[The $pet had nobody, and so it stayed with $h.o.|Nobody knew where the $pet had come from, so $h was allowed to keep it.]",
    "[It grew bigger every week.|It ate, and slept, and grew.]",
    "And [one day|a year later|before the year was over], it $thanks.",
    "f>h: [You helped it, and now it has helped you.|It has not forgotten.]",
  );
};
