/** Single things to eat by hand, which can be broken or cut in two. */
export const snacks = (
  "apple|pear|plum|peach|banana|orange|cheese sandwich|egg sandwich|jam tart|honey cake|cookie|bun|" +
  "muffin|pancake|carrot|pretzel|oat bar|raisin roll|meat pie|slice of melon|corn cake|waffle"
).split("|");

export const cakes =
  "chocolate cake|cherry pie|apple pie|lemon cake|honey cake|plum cake|carrot cake".split("|");
