/**
 * The fewest whole pieces that reach `characters`: at least that many, at most one piece more, so
 * that a larger text begins with a smaller one.
 * @throws RangeError when `characters` is not a whole number of at least 0.
 */
export function gather(pieces: Iterator<string>, characters: number): string {
  if (!Number.isSafeInteger(characters) || characters < 0) {
    throw new RangeError(`characters must be a whole number of at least 0, not ${characters}`);
  }
  const taken: string[] = [];
  for (let length = 0; length < characters; ) {
    const { done, value } = pieces.next();
    if (done) break;
    taken.push(value);
    length += value.length;
  }
  return taken.join("");
}
