/** Where a text that is to be normalized stands. */
export interface Place {
  /** At the start of all text. */
  readonly start: boolean;
  /** It goes on from a part of a stream, so that nothing begins here. */
  readonly continued: boolean;
}

/** Code points, and for each the index of the one in the text before whose place it has. */
export interface Traced {
  readonly characters: readonly string[];
  readonly sources: readonly number[];
}

/** Changes text before it is cut into pieces. */
export interface Normalizer {
  apply(text: string, place: Place): string;
  /** As `apply`, on code points, with what offsets need; undefined when nothing changes. */
  trace(characters: readonly string[], place: Place): Traced | undefined;
  /** Whether a text can be cut between two characters, and its parts be normalized alone; undefined: nowhere. */
  readonly cuts?: ((before: string, after: string) => boolean) | undefined;
  /** Whether the first character of the result always has the place of the text's first. */
  readonly keepsStart: boolean;
}

/** One after the other; undefined for none. */
export function inSequence(all: readonly Normalizer[]): Normalizer | undefined {
  if (all.length < 2) return all[0];
  return {
    apply: (text, place) => all.reduce((now, one) => one.apply(now, place), text),
    trace(characters, place) {
      let traced: Traced | undefined;
      for (const one of all) {
        const next = one.trace(traced?.characters ?? characters, place);
        if (!next) continue;
        const { sources } = traced ?? {};
        traced = sources ? { ...next, sources: next.sources.map((at) => sources[at]!) } : next;
      }
      return traced;
    },
    cuts: all.every(({ cuts }) => cuts)
      ? (before, after) => all.every(({ cuts }) => cuts?.(before, after))
      : undefined,
    keepsStart: all.every(({ keepsStart }) => keepsStart),
  };
}

/** `prefix` before a text, where `wanted`. Its characters have the place of the text's first. */
export const prepend = (
  prefix: string,
  wanted: (first: string, place: Place) => boolean = () => true,
): Normalizer => ({
  apply: (text, place) =>
    text !== "" && !place.continued && wanted(String.fromCodePoint(text.codePointAt(0)!), place)
      ? prefix + text
      : text,
  trace(characters, place) {
    const [first] = characters;
    if (first === undefined || place.continued || !wanted(first, place)) return undefined;
    const before = [...prefix];
    return {
      characters: [...before, ...characters],
      sources: [...before.map(() => 0), ...characters.keys()],
    };
  },
  cuts: () => true,
  keepsStart: true,
});

/** `content` for each `pattern`. It has the place of the last character that it replaces. */
export const replace = (pattern: string, content: string): Normalizer => {
  const [wanted, put] = [[...pattern], [...content]];
  const single = wanted.length === 1;
  return {
    apply: (text) => text.replaceAll(pattern, () => content),
    trace(characters) {
      const out: string[] = [];
      const sources: number[] = [];
      for (let at = 0; at < characters.length; ) {
        const found = wanted.every((one, i) => characters[at + i] === one);
        const last = found ? at + wanted.length - 1 : at;
        for (const one of found ? put : [characters[at]!]) {
          out.push(one);
          sources.push(last);
        }
        at = last + 1;
      }
      return { characters: out, sources };
    },
    cuts: single ? () => true : undefined,
    keepsStart: single && content !== "",
  };
};

/** Each character by itself. */
export const eachCharacter = (change: (character: string) => string): Normalizer => ({
  apply(text) {
    let out = "";
    for (const character of text) out += change(character);
    return out;
  },
  trace(characters) {
    const changed = characters.map((one) => [...change(one)]);
    return {
      characters: changed.flat(),
      sources: changed.flatMap((ones, at) => ones.map(() => at)),
    };
  },
  cuts: (before, after) => change(before) === before && change(after) === after,
  keepsStart: true,
});
