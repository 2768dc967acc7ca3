import { person } from "../grammar/people.ts";
import { cast, night, open, type Plot } from "./beats.ts";

/** What one does with which event, who is in charge of it, and the joy of it. */
const EVENTS = [
  ["take", "train to the sea", "conductor", "leaves", "swam in the waves"],
  ["take", "boat to the island", "captain", "leaves", "saw nine seals"],
  ["see", "puppet show", "puppet master", "begins", "laughed until it hurt"],
  ["ride in", "big balloon", "pilot", "leaves", "saw the whole village from above"],
  ["take", "wagon to the fair", "driver", "leaves", "saw a horse that could count"],
] as const;

/** What one stops to do, and for whom. */
const DELAYS = [
  ["watch a snail cross the road", "snail"],
  ["pet every cat in the lane", "cats"],
  ["follow a butterfly around the barn", "butterfly"],
  ["throw sticks for the miller's dog", "dog"],
  ["talk to the donkey at the gate", "donkey"],
] as const;

/** Late for a bad reason, or late for a good one. */
export const late: Plot = (t) => {
  cast(t, true);
  const [take, event, boss, leaves, joy] = t.pick(EVENTS);
  const [stop, call] = t.pick(DELAYS);
  const [stop2] = t.pick(DELAYS);
  t.set({
    ...{ take, event, leaves, joy, stop, call, stop2, were: call === "cats" ? "were" : "was" },
    b: person(`the ${boss}`, "he", boss),
    w: person("the old woman", "she", "old woman"),
    hour: t.pick(["eight", "nine", "ten", "two", "three"]),
    fruit: t.pick(["apples", "cherries", "oranges", "plums", "pears"]),
  });
  const kind = t.once(2);
  open(t, kind ? "kind|polite|friendly|gentle|helpful" : "dreamy|slow|curious|cheerful");
  t.tell(
    "\nOne [Saturday|Sunday|day in May|day in June|holiday], $h and $h's friend $f.n were going to $take the $event.",
    "[They had looked forward to it for weeks.|]",
    "k>h: [Remember|Do not forget], the $event $leaves at $hour, and it does not wait.",
  );
  if (kind) {
    t.tell(
      "They [left in good time|walked fast].",
      "But near the [bridge|corner], an old woman stumbled, and her basket of $fruit tipped over.",
      "The $fruit rolled [down the hill|all over the road].",
      "f>h: [We have no time.|Come, or we will be late!]",
      "h>f: [She cannot do it alone.|We cannot leave her like this.] [Go ahead|You go on], and I will run after you.",
      "But $f.n stayed too.",
      "They picked up [every one of the|all the] $fruit and carried the basket up the hill.",
      "Then the clock struck $hour.",
      "f sad: That was it. The $event is gone.",
      "They went to look anyway. The $event was still waiting!",
      "[$b looked at his watch|$b walked up and down].",
      "b: I cannot begin without my mother. She never comes late.",
      '\n"Here I am," said somebody behind them. It was the old woman with the $fruit!',
      "w>b: These two helped me. Without them you would still be waiting.",
      "$b gave $h.n and $f.n the best seats. They $joy[, and afterwards they all ate $fruit|].",
    );
  } else {
    t.tell(
      "$h left home [early enough|in good time]. But on the way $h had to $stop.",
      "Then $h had to $stop2. [There is plenty of time, $h thought.|It was such a ~lovely day!]",
      "~suddenly the clock struck $hour. $h ~ran as fast as $h.he could, but the place was empty.",
      "The $event was gone, and so was $f.n.",
      "[$h sat down on a step and cried.|$h stood there for a long time.]",
      "\nIn the evening $f.n came by with [red cheeks|shining eyes].",
      "f>h: Where were you? We $joy. [I kept a seat for you.|I looked for you everywhere.]",
      "h>f sorry: I only stopped to $stop. And then to $stop2.",
      "\n[A week later|The next month], the $event came again. $h left home an hour early.",
      "There $were the $call, right by the road.",
      "h: Good morning! I have no time today.",
      "When the clock struck $hour, $h was in the front seat next to $f.n[, out of breath|].",
      "They $joy.",
      "On the way back, $h stopped to $stop. Now there was time.",
    );
  }
  night(t);
};
