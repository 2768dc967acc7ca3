/** Words and phrases that may stand for one another where a plot says `~word`. */
export const synonyms: Record<string, string> = {
  went: "went|walked|hurried|skipped|wandered|set off",
  ran: "ran|raced|dashed|hurried|rushed",
  soon: "soon|before long|after a while|a little later|a few minutes later",
  suddenly: "suddenly|all at once|just then|at that moment",
  little: "little|small|tiny",
  big: "big|large|huge|great",
  happy: "happy|glad|cheerful|pleased|full of joy",
  sad: "sad|unhappy|gloomy|miserable|sorry",
  afraid: "afraid|scared|frightened",
  angry: "angry|cross|furious|mad",
  lovely: "lovely|wonderful|fine|splendid|beautiful",
  saw: "saw|spotted|noticed",
  looked: "looked|searched|hunted",
  oneday:
    "one [sunny|windy|warm|cool|cloudy|misty|bright|quiet|fine] [morning|afternoon|day]|[early|late] one morning|on a [sunny|clear|warm|breezy] day in [spring|summer|autumn]|one [Monday|Tuesday|Thursday|Friday|Saturday|Sunday]|one day|one [spring|summer|autumn] [morning|afternoon]",
  since: "from that day on|after that|ever since that day|from then on|since then",
  next: "the next morning|the next day|early the next day|a day later",
  both: "the two friends|the two of them|$h.n and $f.n|they",
  ohno: "oh no!|oh dear!|no!|no, no, no!",
  thanks: "thank you!|thank you so much!|thank you, thank you!|how can I thank you?",
  sorry: "I am so sorry.|I am sorry.|please forgive me.|I am very sorry.",
  ponder:
    "thought hard|thought about it|thought and thought|sat down to think|was quiet for a while",
  smiled: "smiled|grinned|beamed|laughed",
};
