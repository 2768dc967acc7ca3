import { cast, night, open, type Plot } from "./beats.ts";

/** What was promised, what comes of forgetting it, how it is made good, and what that brings. */
const DUTIES = [
  [
    "water the tomatoes every evening",
    "The tomatoes hung brown and dry on their poles",
    "carried water until dark, and the next day, and the day after that",
    "there was one new green leaf",
  ],
  [
    "shut the gate of the goat pen",
    "The goat stood in the garden, and there was not one cabbage left",
    "dug the whole bed again and planted new cabbages, row by row",
    "the first cabbage was as big as a fist",
  ],
  [
    "feed the hens",
    "The hungry hens had broken out and were all over the road",
    "caught the hens one by one and counted them twice",
    "there was an egg in every nest",
  ],
  [
    "take in the washing if it rained",
    "The sheets lay in the mud",
    "washed everything again, from the first sock to the last sheet",
    "the beds smelled of soap and sun",
  ],
  [
    "pull the boat up on the sand",
    "The tide had carried the boat away",
    "walked along the shore until the boat turned up, and scraped it and painted it",
    "the boat looked like new",
  ],
  [
    "keep the fire going",
    "The stove was cold, and so was the whole house",
    "split wood all day and stacked it by the door",
    "there was enough wood for the winter",
  ],
] as const;

const DISTRACTIONS = [
  "a band came down the street with drums and horns",
  "a frog hopped by and seemed to say, come along",
  "$f.n came by with a new kite",
  "there was a book about pirates that $h could not put down",
  "$f.n called over the fence that the circus was in town",
  "$f.n had a new game with marbles",
];

/** A promise is forgotten, the truth is told, the harm made good, and the next promise kept. */
export const promise: Plot = (t) => {
  cast(t);
  const [duty, harm, amends, reward] = t.pick(DUTIES);
  t.set({ duty, harm, amends, reward, fun: t.pick(DISTRACTIONS), two: t.pick(["two", "three"]) });
  open(t, "dreamy|lively|cheerful|merry|forgetful");
  t.tell(
    "\n~oneday, $k had to go away for $two days.",
    "k>h: Will you $duty? [Can I count on you?|It is important.]",
    "h>k: [I promise!|Yes, I promise.] [You can count on me.|I will not forget.]",
    "On the first day, $h kept the promise, and $h's friend $f.n helped.",
    "But on the [next|second] day $fun. [One hour passed, and then another.|The hours flew.]",
    "[When $h thought of the promise, it was too late.|Only in bed did $h remember, and $h jumped up.]",
    "$harm.",
    "h sad: ~ohno What have I done?",
    "$h thought of telling a fib.",
    "[It was the wind, $h could say.|It was the neighbor's dog, $h could say.]",
    "But when $k came home, the fib [would not come out|felt heavy as a stone].",
    "h>k sorry: ~sorry I forgot. I broke my promise.",
    "$k was [silent|quiet] for a while.",
    "k>h: I am [sad|disappointed]. But I am glad that you told me the truth. What will you do now?",
    "\n$h did not have to think long. $h $amends.",
    "$f.n [came to help|helped too], [and so it went faster|and they sang as they worked].",
    "[In the end|After many days], $reward.",
    "k>h kind: I have to go away again on [Friday|Monday]. Will you $duty?",
    "h>k: [I promise|Yes]. And this time I will tie a [red|blue|green] string around my $h.hand, so that I cannot forget.",
    "$h kept the promise[, and the string too|. The string is still there].",
  );
  night(t);
};
