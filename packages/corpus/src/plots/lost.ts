import { cast, night, open, type Plot, scenery, setting, thing } from "./beats.ts";

const DECOYS =
  "[a snail|an old boot|a rusty nail|a sleepy toad|dry leaves|a broken cup|an empty nest|two beetles]";

/** A thing is put down, dropped or stolen in passing; what was told in passing finds it again. */
export const lost: Plot = (t) => {
  cast(t);
  setting(t);
  const way = t.pick(["put", "magpie", "hole"]);
  thing(t, "x", way === "magpie" ? "shiny" : "small");
  t.set({
    none: DECOYS,
    jump: t.pick(["ditch", "fallen log", "big puddle", "low wall", "little stream"]),
    claw: t.person("h").hand === "paw" ? "claw" : "finger",
    gift: t.pick(["a silver spoon", "a bottle cap", "a bright nail", "an old coin"]),
  });
  open(t, "careless|dreamy|lively|cheerful|curious|merry|busy");
  t.tell(
    "$h [had $x.a that $k had given $h.him|owned only one treasure, $x.a|loved nothing more than $x.a from $k.n].",
    "[$h took it everywhere.|$h never went anywhere without it.|]",
    "\n~oneday, $h [~went to $p with the $x|took the $x along to $p].",
  );
  scenery(t);
  if (way === "hole") {
    t.tell(
      "$h did not [know|see] that there was a hole in $h's bag, just big enough for a $x.n.",
      "On the way, $h [jumped|leaped|hopped] over a $jump.",
    );
  } else {
    t.tell(
      "$h wanted to $do and needed both $h.hands for it, so $h [put|set|laid] the $x down $s0[, where nobody would step on it|].",
    );
    if (way === "magpie") {
      t.tell(
        "[High in a tree|On a branch|On a pole], a [magpie|black and white bird] [turned its head|sat] and looked at the shiny $x.n.",
      );
    }
  }
  t.tell(
    "$h $do.past until [$h was tired|the sun was low|it was time for supper], and then $h ~ran home.",
    "\n[At home|At bedtime|That evening] $h [felt|reached] for the $x. It was [gone|not there]!",
    "h sad: ~ohno [I have lost my $x.n!|Where is my $x.n?]",
    "\n~next, $h told $h's friend $f.n [all about it|what had happened].",
    "f>h kind: [Do not cry.|Do not worry.|Cheer up!] We will [look for it together|find it].",
    "~both ~ran back to $p. They ~looked $s1, but they found only $none. Then they ~looked $s2.",
    "[Nothing|There was only $none].",
    "f>h: [Think hard.|Try to remember.|Wait.] What did you do [here|that day]?",
  );
  if (way === "hole") {
    t.tell(
      "$h put a $h.hand into the bag to think, and one $claw came out at the bottom.",
      "f>h happy: There is a hole! Did you run or jump?",
      "h loud: I jumped over a $jump!",
      "They ~ran back along the path. There, right beside the $jump, [lay|was] the $x.",
    );
  } else {
    t.tell("$h ~ponder.", "h>f loud: I wanted to $do! So I put it $s0!");
    if (way === "magpie") {
      t.tell(
        "They looked there at once.",
        "The $x.n was gone, but in its place lay a black and white feather.",
        "f: A magpie! Magpies love [everything that shines|shiny things].",
        "$h looked up and saw a nest.",
        "$h climbed [from branch to branch|up slowly], and there, beside $gift, lay the $x.",
      );
    } else {
      t.tell("They ~ran to look, and there it [lay|was], $s0, just where $h had left it.");
    }
  }
  t.tell(
    [
      "h>f happy: ~thanks Without you I would never have found it.",
      "$h [hugged $f.o|danced for joy].",
      "",
    ],
    "~since, [the $x.n hung on a string around $h's neck|$h looked back before leaving any place|$h always stopped to think before putting anything down].",
  );
  night(t);
};
