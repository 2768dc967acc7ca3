const quoted = (character: string): string =>
  `${JSON.stringify(character)} (U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")})`;

const SHOWN = 5;

/** Text holds characters for which a character tokenizer has no id. */
export class UnknownCharacterError extends Error {
  override name = "UnknownCharacterError";
  /**
   * `characters`: the unknown ones, distinct, in order of appearance. `position`: index of the first in the text, in
   * UTF-16 units. `size`: how many characters the tokenizer knows.
   */
  constructor(
    readonly characters: readonly string[],
    readonly position: number,
    size: number,
  ) {
    const [first, ...others] = characters.map(quoted);
    const hidden = others.length - SHOWN;
    const list = others.slice(0, SHOWN).join(", ") + (hidden > 0 ? ` and ${hidden} more` : "");
    super(
      `encode: ${first} at position ${position} is not one of the ${size} characters of this tokenizer` +
        `${others.length ? ` (also unknown: ${list})` : ""}; ` +
        "remove or replace it, build the tokenizer from text that holds it, or use bytes or BPE, which take any text",
    );
  }
}

/** Text holds a special token that the caller neither allowed nor asked to read as text. */
export class SpecialTokenError extends Error {
  override name = "SpecialTokenError";
  /** `position`: index of `token` in the text, in UTF-16 units. */
  constructor(
    readonly token: string,
    readonly position: number,
  ) {
    const name = JSON.stringify(token);
    super(
      `encode: the text holds the special token ${name} at position ${position}; ` +
        `pass allowedSpecial: [${name}] to encode it as that token, or disallowedSpecial: [] as ordinary text`,
    );
  }
}

/** A saved tokenizer that is not what it should be. */
export class TokenizerFormatError extends Error {
  override name = "TokenizerFormatError";
  /** `field`: where, as a path such as `model.merges[3]`. */
  constructor(
    readonly field: string,
    problem: string,
    remedy = "restore it from a copy, or train the tokenizer again",
  ) {
    super(`tokenizer file: ${field}: ${problem}; ${remedy}`);
  }
}
