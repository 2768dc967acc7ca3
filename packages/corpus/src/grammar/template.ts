/** A piece of a template: literal text, a choice, a reference or a synonym. */
export type Part =
  | string
  | { readonly choices: readonly Template[] }
  | { readonly key: string; readonly form: string }
  | { readonly synonym: string };

export type Template = readonly Part[];

const TOKEN = /[[\]|]|\$([a-z]+\d?)(?:\.([a-z]+)|('s))?|~([a-z]+)|[^[\]|$~]+/g;
const parsed = new Map<string, Template>();

/**
 * The template language of the plots:
 * `[a|b|]` chooses one of its parts, which may be empty and may nest;
 * `$h`, `$h.o`, `$h's` (subject, object, possessor) are a name or a pronoun, as is clear there;
 * `$h.n` is the name; `$h.he`, `$h.him`, `$h.his`, `$h.self` are pronouns; `$h.kind`, `$h.hand`, `$h.hands`;
 * `$x`, `$x.a`, `$x.full`, `$x.n`: "ball" or "red ball", "a red ball", "red ball", "ball";
 * `$v`, `$v.past`, `$v.ing`: "fly a kite", "flew a kite", "flying a kite";
 * `~happy` takes a word of that meaning.
 * @throws SyntaxError when brackets do not match.
 */
export function parse(source: string): Template {
  const known = parsed.get(source);
  if (known) return known;
  const open: Template[][] = [[]];
  const parts: Part[][] = [[]];
  for (const [token, key, form, possessive, synonym] of source.matchAll(TOKEN)) {
    const last = parts[parts.length - 1]!;
    if (token === "[") {
      open.push([]);
      parts.push([]);
    } else if (token === "|") {
      open[open.length - 1]!.push(last);
      parts[parts.length - 1] = [];
    } else if (token === "]") {
      const choices = [...open.pop()!, parts.pop()!];
      const outer = parts[parts.length - 1];
      if (!outer) throw new SyntaxError(`template: "]" without "[" in: ${source}`);
      outer.push({ choices });
    } else if (key) {
      last.push({ key, form: possessive ? "s" : (form ?? "") });
    } else {
      last.push(synonym ? { synonym } : token);
    }
  }
  if (open.length > 1 || open[0]!.length > 0) {
    throw new SyntaxError(`template: "[" without "]", or "|" outside of both, in: ${source}`);
  }
  const template = parts[0]!;
  parsed.set(source, template);
  return template;
}
