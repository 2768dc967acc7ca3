import { snacks } from "../words/foods.ts";
import { cast, open, type Plot, scenery, setting } from "./beats.ts";

const MISHAPS = [
  "a goat had eaten $f's lunch, and the paper too",
  "$f.n dropped $f.his lunch into the mud",
  "a crow dived down and took $f's lunch away",
  "$f.n had left $f.his lunch at home on the table",
  "$f.n had given $f.his lunch to a thin dog",
];

/** A lunch is shared; another day it is the other who has something to share. */
export const share: Plot = (t) => {
  cast(t);
  setting(t);
  t.set({
    snack: t.pick(snacks),
    mishap: t.pick(MISHAPS),
    cover: t.pick(["umbrella", "raincoat", "blanket", "wide cloak"]),
  });
  open(t);
  t.tell(
    "\n~oneday, $h ~went to $p with $f.n[, a friend from next door|]. $h had a $snack in $h's bag.",
    "They $do.past and they $doo.past until their stomachs growled. But $mishap.",
    "f sad: Now I have nothing to eat, and I am so hungry!",
    "$h looked at the $snack. It [smelled wonderful|was not very big], and $h was hungry too.",
    "$h ~ponder. Then $h [broke|cut] it in two and gave $f.n the bigger [half|piece].",
    "f>h: [But what about you?|Are you sure? You must be hungry.]",
    "h>f happy: Half is enough when two eat together.",
  );
  scenery(t);
  t.tell(
    "[They ate slowly|They chewed for a long time], and it was the best $snack in the world.",
    "\n[A week later|In the autumn|Many days later], $h was on the way home[ from $p|], far from any house.",
    "[Dark clouds came|The sky turned gray], and it began to [rain|pour].",
    "$h had [no coat|nothing to put on] and was soon wet and cold.",
    "Then there were steps on the road. It was $f.n, under a $cover.",
    "f>h loud: Come here, [quick|quickly]! There is room for two.",
    "h>f: But then [your arm|your back|one side of you] will get wet!",
    "f>h happy: Half is enough when two walk together.",
    "$h [had to laugh|remembered the $snack and laughed].",
    "And so they walked home under one $cover, [each with one wet shoulder|singing in the rain].",
  );
};
