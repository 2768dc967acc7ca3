import { cast, night, open, type Plot } from "./beats.ts";

/** What is built, of what at first, what f says, how it fails, of what then, and the reward. */
const WORKS = [
  [
    "raft",
    "reeds",
    "Reeds soak up water",
    "in the middle of the pond it sank",
    "three dry logs",
    "carried them both to the island and back",
  ],
  [
    "bird house",
    "paper",
    "Paper gets wet",
    "the first rain turned it to mush",
    "old boards",
    "had a family of wrens in it before May",
  ],
  [
    "bridge",
    "one thin plank",
    "It is too thin",
    "it bent and bent, and splash",
    "two thick beams",
    "did not even creak when the pony crossed it",
  ],
  [
    "kite",
    "sackcloth",
    "That is too heavy",
    "it fell to the ground like a sack of flour",
    "silk paper",
    "flew so high that it looked like a dot",
  ],
  [
    "hut",
    "leaves",
    "Leaves are too light",
    "one gust of wind blew it over the hedge",
    "stones and branches",
    "stood through the whole winter",
  ],
  [
    "swing",
    "old string",
    "It will never hold",
    "it snapped at the first push",
    "thick rope",
    "went up as high as the roof",
  ],
  [
    "cart",
    "square boxes for wheels",
    "Wheels must be round",
    "it bumped twice and fell apart",
    "wheels from an old wagon",
    "won the race down Mill Hill",
  ],
  [
    "scarecrow",
    "straw and a smile",
    "Crows like a friendly face",
    "the crows sat down on its hat",
    "bells and tin lids",
    "did not let one crow near the corn",
  ],
] as const;

/** Something is built in a hurry and fails; the second time, good advice is heard. */
export const build: Plot = (t) => {
  cast(t);
  const [work, bad, doubt, fail, good, reward] = t.pick(WORKS);
  t.set({ work, bad, doubt, fail, good, reward });
  t.set({
    attic: t.pick([
      "in $k's shed",
      "behind $f's house",
      "under $k's stairs",
      "at the back of the barn",
    ]),
  });
  open(t, "impatient|eager|stubborn|lively|clever");
  t.tell(
    "\n~oneday, $h decided to build a $work.",
    "It had to be ready by [supper|evening|the end of the day]. $h's friend $f.n came to watch.",
    "h>f: I will use $bad. [We have plenty.|That is quick.]",
    "f>h: $bad? $doubt. [There is something better $attic.|I saw $good $attic.]",
    "h>f: [That takes too long.|That is too much work.|You worry too much.]",
    "$h worked [fast|without a break]. ~soon, the $work was ready, and $h was very proud of it.",
    "[All the neighbors came to look.|Even $k came to look.] But $fail.",
    "[Somebody giggled.|For a moment nobody spoke.]",
    "$h [kicked a stone|turned red|hid behind the hedge].",
    "h sad: All that work for nothing!",
    "f>h kind: Not for nothing. Now we know [what does not work|how it does not work].",
    "h>f sorry: You told me so, and I did not listen. What did you say there was $attic?",
    "f>h: I will show you.",
    "\nThey went to look, and there they found $good.",
    "This time they [made a drawing|measured everything twice|took their time].",
    "$h [measured|cut] and $f.n [tied|held], and $k lent them [a knife|a hammer and a saw|some twine].",
    "It took [two days|three days|a whole week].",
    "[Then|At last] the new $work was ready.",
    "It was [not pretty|a little crooked], but it was strong. It $reward!",
    [
      "h>f happy: We did it! Two heads are better than one.",
      "h>f proud: And all it took was $good!",
      "k>h: Now that is a good $work.",
    ],
  );
  night(t);
};
