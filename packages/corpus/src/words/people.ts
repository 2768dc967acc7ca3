const list = (words: string): readonly string[] => words.split(" ");

export const girls = list(
  "Lily Mia Anna Rosie Ella Nora Ruby Clara Molly Lucy Zoe Maya Ivy Grace Hannah Sofia Leila Priya " +
    "Amara Yuki Elsa Tara Nina Freya Alice Emma Daisy Penny Lena Carmen Esther Olga Wanda Bella " +
    "Keiko Fatima Greta Ingrid Julia Kira Una Violet",
);

export const boys = list(
  "Tom Ben Sam Max Leo Jack Finn Oscar Theo Noah Omar Hugo Milo Eli Adam Ravi Kofi Diego Luca Felix " +
    "Jonas Peter Otto Victor Simon Amir Kenji Paul Henry Arlo Walter Zack Quinn Ivan Hassan Marco " +
    "Nico Owen Toby Rowan Edgar Gus",
);

/** Talking animals: what they are, and how they look. */
export const kinds = list(
  "fox rabbit mouse bear squirrel hedgehog mole otter badger raccoon beaver cat weasel hamster",
);

export const sheAnimals = list(
  "Clover Hazel Fern Willow Maple Poppy Juniper Tansy Pepper Nutmeg Olive Bluebell Snowdrop Cricket",
);

export const heAnimals = list(
  "Pip Rusty Bramble Moss Thistle Bumble Scout Patches Biscuit Chester Twig Barley Copper Nibbles",
);

/** The grown-ups of a family: name, gender, what they are. */
export const family = [
  ["Mom", "she", "mom"],
  ["Dad", "he", "dad"],
  ["Grandma", "she", "grandma"],
  ["Grandpa", "he", "grandpa"],
  ["Aunt May", "she", "aunt"],
  ["Uncle Joe", "he", "uncle"],
  ["Aunt Rose", "she", "aunt"],
  ["Uncle Bert", "he", "uncle"],
] as const;
