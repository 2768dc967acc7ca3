/**
 * Places out of doors: name, the preposition for being there, spots where things lie or hide, what
 * one does there with both hands, and what the air smells of.
 */
export const places = [
  [
    "the park",
    "in",
    "under the bench|behind the fountain|by the swings|beside the old oak",
    "turn cartwheels|fly a paper bird|feed the ducks",
    "wet leaves",
  ],
  [
    "the meadow",
    "in",
    "in the tall grass|beside the fence|behind the haystack|by the wild roses",
    "pick flowers|make a crown of daisies|chase butterflies",
    "clover",
  ],
  [
    "the beach",
    "on",
    "behind the gray rock|beside the rowboat|under the pier|next to the tide pool",
    "build a sandcastle|dig a deep hole|collect shells",
    "salt and seaweed",
  ],
  [
    "the forest",
    "in",
    "under the ferns|behind the mossy log|behind the stump|between the roots of an oak",
    "pick berries|gather nuts|climb a tree",
    "pine needles",
  ],
  [
    "the river",
    "by",
    "beside the flat stone|under the bridge|in the reeds|beside the willow",
    "skip stones|build a dam|catch little fish",
    "wet stones and mud",
  ],
  [
    "the pond",
    "at",
    "by the cattails|under the old dock|behind the reeds|under the willow",
    "fold paper boats|feed the ducks|look for frogs",
    "water and mint",
  ],
  [
    "the hill",
    "on",
    "beside the big rock|under the lone pine|in the clover|behind the wall",
    "roll down the slope|fly a kite|pick bluebells",
    "thyme",
  ],
  [
    "the orchard",
    "in",
    "under the pear tree|beside the ladder|behind the cart|in the long grass",
    "gather apples|climb the trees|fill baskets",
    "ripe fruit",
  ],
  [
    "the farm",
    "on",
    "behind the barn|beside the well|under the wagon|by the gate",
    "feed the hens|brush the pony|stack hay",
    "hay",
  ],
  [
    "the garden",
    "in",
    "under the rose bush|behind the shed|beside the bean poles|by the bird bath",
    "pull weeds|water the beans|pick peas",
    "roses and earth",
  ],
  [
    "the harbor",
    "at",
    "behind the nets|under the rowboat|beside the barrels|below the stone steps",
    "coil ropes|mend a net|sort shells",
    "fish and tar",
  ],
  [
    "the market square",
    "on",
    "under the flower stall|behind the fountain|by the clock tower|beside the pump",
    "juggle pebbles|sweep the steps|carry baskets",
    "fresh bread",
  ],
  [
    "the valley",
    "in",
    "beside the stream|under the bridge|behind the boulder|in the ferns",
    "gather wild mint|build a tower of stones|pick violets",
    "ferns",
  ],
  [
    "the playground",
    "at",
    "under the slide|by the seesaw|behind the swings|next to the sandbox",
    "swing on the bars|build a tunnel in the sand|turn cartwheels",
    "warm sand",
  ],
] as const;

/** Where a story's people live. */
export const homes =
  "[in a [small|white|yellow|crooked|narrow|snug] house [by the sea|at the edge of the forest|near the river|on a hill|beside the old mill|at the end of a long lane|behind the bakery]|" +
  "in a [quiet|little|busy|sunny] [village|town] [by the sea|in the mountains|between two rivers|near a great forest]|" +
  "on a [small|big|windy] farm [in the valley|near the hills|by the lake]]";

export const dens =
  "[in a [snug|warm|tidy] burrow [under an oak|beside the brook|at the foot of a hill]|" +
  "in a [hollow|tall old] tree [near the meadow|in the middle of the forest]|" +
  "in a [cozy|round|mossy] den [behind the waterfall|under the hill|near the pond]]";
