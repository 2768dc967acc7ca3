const list = (words: string): readonly string[] => words.split("|");

const LOOKS = {
  metal: list("silver|golden|brass|copper|shiny"),
  wood: list("wooden|painted|carved|yellow|red|blue|green"),
  cloth: list("red|blue|green|yellow|striped|spotted|woolly|patched|purple|orange"),
  glass: list("glass|blue|green|round|clear|red"),
  wild: list("smooth|white|speckled|gray|brown"),
};

/** Things by purpose, then by what they are made of, which decides what they may look like. */
const NOUNS: Record<string, Partial<Record<keyof typeof LOOKS, string>>> = {
  /** What a magpie would like. */
  shiny: { metal: "key|ring|coin|bell|locket|whistle|medal|brooch|thimble|button|compass" },
  /** What is easily lost. */
  small: {
    metal: "key|coin|bell|whistle|compass|watch",
    wood: "flute|top|pencil|comb",
    cloth: "scarf|mitten|cap|ribbon|handkerchief",
    glass: "marble|bead",
    wild: "shell|feather|stone",
  },
  toy: {
    wood: "kite|drum|train|boat|puppet|top|wagon|hoop|sled",
    cloth: "ball|doll|teddy bear|rag doll|beach ball",
    metal: "robot|trumpet|whistle|toy car",
  },
};

const flat = new Map<string, readonly { noun: string; look: string }[]>();

/** All things of a kind, each with a look that fits its material: a "wooden drum". */
export function things(kind: string): readonly { noun: string; look: string }[] {
  let all = flat.get(kind);
  if (!all) {
    const nouns = Object.entries(NOUNS[kind]!) as [keyof typeof LOOKS, string][];
    all = nouns.flatMap(([material, words]) =>
      list(words).flatMap((noun) => LOOKS[material].map((look) => ({ noun, look }))),
    );
    flat.set(kind, all);
  }
  return all;
}
