import { person } from "../grammar/people.ts";
import { cast, open, type Plot, thing } from "./beats.ts";

/** Who, what they want, why, what they give for it: each gives what the next one wants. */
const TRADERS = [
  ["watchman", "he", "blanket", "My nights are long and cold", "lantern"],
  ["fisherman", "he", "lantern", "The best fish bite when it is dark", "rope"],
  ["farmer", "she", "rope", "The cow walks off whenever she likes", "basket of eggs"],
  ["baker", "he", "basket of eggs", "My hens have stopped laying", "loaf of bread"],
  ["smith", "she", "loaf of bread", "I have not eaten since dawn", "bell"],
  ["shepherd", "he", "bell", "One of my sheep is always getting lost", "bag of wool"],
  ["weaver", "she", "bag of wool", "My loom is empty", "blanket"],
] as const;

/** A chain of trades, from what the hero has to what the owner of the wish asks for. */
export const trade: Plot = (t) => {
  cast(t, true);
  const first = t.random.below(TRADERS.length);
  const steps = 2 + t.random.below(3);
  const chain = Array.from({ length: steps }, (_, i) => TRADERS[(first + i) % TRADERS.length]!);
  thing(t, "x", "toy");
  t.set({
    have: chain[0]![2],
    goal: chain[steps - 1]![4],
    m: t.once(2)
      ? person("the old toy maker", "he", "toy maker")
      : person("the old toy maker", "she", "toy maker"),
    count: ["four", "five", "six"][steps - 2]!,
    gift: t.pick(["my sister", "my mother", "my brother", "my daughter"]),
  });
  open(t, "patient|clever|polite|friendly|cheerful|stubborn");
  t.tell(
    "\n~oneday, $h saw $x.a in the toy maker's window and could not look away.",
    "h>m: How much is the $x.n, please?",
    "m: I do not want money. [I need a $goal|What I need is a $goal], for $gift. Bring me a $goal, and the $x.n is yours.",
    "$h had no $goal. [All $h had was|$h had nothing but] a $have.",
    "h: Well, a $have is a beginning.",
  );
  chain.forEach(([who, he, want, why, give], i) => {
    t.set({ w: person(`the ${who}`, he, who), want, why, give, kin: `a ${who}` });
    t.tell(
      [
        ["\n[On the bridge|Near the mill|At the corner], $h met $kin[ with a worried face|]."],
        ["\nA little farther on, $kin sat [by the road|on a wall]."],
        ["\n[Behind the church|At the next house|By the well] lived $kin."],
        ["\n[Then came|Last of all came] $kin[, who was in no hurry|]."],
      ][i]!,
      "w: [If only I had a $want!|Is that a $want?|A $want! That is just what I need.] $why.",
      i === steps - 1
        ? "h>w: You may have it for a $give."
        : "h>w: You may have mine[.|. What will you give me for it?]",
      [
        "w happy: [Gladly!|With pleasure!] [Here is|Take] a $give.",
        "w: I have a $give[ that I do not need|]. Is that fair?",
      ],
    );
  });
  t.tell(
    "\n$h ran all the way back to the shop with the $goal.",
    "m: [A $goal! How did you get it?|You really have one! Where did you find it?]",
    "h>m: [It began with a $have.|I had a $have, and somebody needed it.]",
    "$m [laughed|clapped] and took the $x.full out of the window.",
    "So a $have had become [a ~lovely|a] $x.n, and $count people were happy [that day|that evening].",
    "[$f.n wanted to hear the story three times.|And $f.n, $h's best friend, never got tired of the story.]",
  );
};
