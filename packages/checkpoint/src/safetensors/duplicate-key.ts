/**
 * The first key that some object of a text has twice, for which JSON.parse keeps the last value in silence. The text must be
 * JSON; keys that are spelled differently, as "a" and "\u0061", are equal.
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const begin = at++;
      while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
      let next = at + 1;
      while (" \t\n\r".includes(json[next] ?? "x")) next++;
      if (json[next] !== ":") continue;
      const key: string = JSON.parse(json.slice(begin, at + 1));
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
