/** A token as it is shown: white space can be seen. */
export const shown = (token: string): string =>
  token.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll(" ", "␣");

/** 1st, 2nd, 3rd, 4th, …, of places that count from 0: "token 3, t" */
export const place = (tokens: readonly { readonly text: string }[], i: number): string =>
  `token ${i}, ${shown(tokens[i]?.text ?? "")}`;
