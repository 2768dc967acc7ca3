import { person } from "../grammar/people.ts";
import { cast, open, type Plot, setting } from "./beats.ts";

const SHELTERS = "a hollow tree|a cave|an old barn|an empty mill|a shepherd's hut|a tool shed";

/** A sign of rain, and the same sign seen. */
const SIGNS = [
  ["swallows fly low", "The swallows flew so low that they almost touched the grass"],
  ["cows lie down", "All the cows were lying down"],
  ["ants hurry home", "A long line of ants hurried back to its hill"],
  ["the hills look near", "The hills looked so near that one could count the trees"],
  ["smoke sinks", "The smoke from the chimneys sank to the ground"],
] as const;

/** A saying comes true, a storm comes up, and there is somebody else in the shelter. */
export const storm: Plot = (t) => {
  cast(t, true);
  setting(t);
  const [sign, seen] = t.pick(SIGNS);
  const lantern = t.once(2);
  t.set({
    ...{
      sign,
      seen,
      snack: t.pick(["bun", "carrot", "pear", "oat cake", "corn cake", "pretzel"]),
      tool: lantern ? "lantern" : "blanket",
    },
    cave: t.pick(SHELTERS.split("|")),
    w: person("the farmer", "he", "farmer"),
    guest: t.pick(["lamb", "puppy", "brown goat", "donkey", "foal"]),
  });
  open(t);
  t.tell(
    "\nOne [bright|clear|hot|sunny] [morning|afternoon|day], $h and $f.n, who lived next door, [packed|took] a $snack and set out for $p.",
    "k>h: Take the $tool too. And remember, when $sign, rain is [on its way|not far].",
    "f>h: Why? [There is not a cloud in the sky.|It will only be in our way.]",
    "But $h took the $tool.",
  );
  t.tell(
    "They $do.past, and then they $doo.past. ~soon, $h looked up. $seen.",
    "h>f: [Look! It means rain.|We must go! When $sign, it will rain.]",
    "f>h: [You worry too much.|I want to stay a little longer.|What do you mean? The sun is out.]",
    "But then the sky turned [black|dark gray]. The wind [howled|tore at the trees].",
    "Thunder [rolled|boomed], and the rain came down [in sheets|like a waterfall].",
    "h>f loud: [Over there!|Quick!] I can see $cave!",
    "They ~ran as fast as they could. Inside it was dry, but very [dark|cold].",
  );
  if (lantern)
    t.tell(
      "$h lit the lantern. In the corner two eyes were shining. It was a ~little $guest, all alone and ~afraid.",
    );
  else
    t.tell(
      "Something [moved|cried] in the corner. It was a ~little $guest, wet and shivering. $h wrapped it in the blanket.",
    );
  t.tell(
    "f>h kind: It must have lost its way. [Is it hungry?|Let us share with it.]",
    "They broke the $snack into three pieces, and the $guest [ate from their $h.hands|ate its piece first].",
    "[Then they sang until|They told stories until] the storm was over.",
    "\nOutside, [the grass shone|there was a rainbow|the air was clear and cold].",
    "A farmer came [up the path|over the field], calling and calling.",
    "[The $guest jumped up.|The $guest answered at once.]",
    "$w [laughed with relief|had tears of joy in $w.his eyes].",
    "$w took all of them home on $w's wagon.",
    "f>h sorry: You were right about the rain. And about the $tool.",
    "~since, when $sign, it is $f.n who [runs for the $tool|says that it is time to go home].",
  );
};
