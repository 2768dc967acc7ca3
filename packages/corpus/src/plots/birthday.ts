import { cakes } from "../words/foods.ts";
import { cast, night, open, type Plot, thing } from "./beats.ts";

/** A birthday seems forgotten; each odd thing of the day turns out to have had a reason. */
export const birthday: Plot = (t) => {
  cast(t, true);
  thing(t, "x", "toy");
  t.set({
    cake: t.pick(cakes),
    clue: t.pick(["flour on $k's nose", "chocolate on $k's sleeve", "sugar in $k's hair"]),
    string: t.pick([
      "a red ribbon hung out of $f's pocket",
      "there was glue on $f's fingers",
      "$f.n hid something behind $f.his back",
    ]),
    price: t.pick(["five", "six", "nine", "twelve"]),
  });
  open(t);
  t.tell(
    "Every [day|morning] on the way to school, $h stopped at the window of the [toy shop|corner shop].",
    "There stood $x.a. It cost $price coins, and $h had only two.",
    "\nThen came $h's birthday.",
    "$h woke up early and ran down to the kitchen, but nobody said a word about it.",
    "There was $clue.",
    "k>h: [Good morning|You are up early]. [Please hurry|Do not come in here]. I am very busy today.",
    "On the road $h met $h's friend $f.n, and $string.",
    "h>f: [Can you come and play?|Do you know what day it is?]",
    "f>h: [I have no time.|It is just a day like any other.] I must go!",
    "[After school|In the afternoon], $h walked past the shop. The window was empty.",
    "The $x.n was gone!",
    "h sad: Somebody has bought it. And everybody has forgotten my birthday.",
    "$h walked [up and down|around the pond] until it was [nearly dark|time for supper].",
    "There was no light in the house. $h opened the door [slowly|and listened].",
    "\nThen [all the lamps were lit|a candle was lit, and another, and another].",
    "f>h loud: [Surprise!|Happy birthday!]",
    "On the table was a $cake[ with candles|], and paper stars hung from every lamp.",
    "Now $h understood why there had been $clue, and why $string.",
    "k>h happy: [Did you really think we forgot?|It was hard to keep it secret!]",
    "$f gave $h.o a box. Inside was the $x.full from the window.",
    "h>f happy: So it was you! ~thanks",
    "f>h: We all put our coins together.",
  );
  night(t);
};
