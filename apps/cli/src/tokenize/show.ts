import { type Encoded, showToken, type Tokenizer, tokenText } from "@muladd/tokenizer";
import { type IO, paint } from "../io.ts";
import { integer as grouped } from "../ui/format.ts";
import { columns } from "../ui/table.ts";

export const formats = ["text", "json", "ids", "table"] as const;
/** How tokens are shown. */
export type Format = (typeof formats)[number];

/** What became of `text`, as lines for stdout. */
export function tokenLines(
  io: IO,
  tokenizer: Tokenizer,
  text: string,
  encoded: Encoded,
  format: Format,
): string[] {
  const ids = Array.from(encoded.ids);
  const { starts, ends } = encoded;
  if (format === "json")
    return [
      JSON.stringify({
        v: 1,
        tokenizer: { kind: tokenizer.kind, size: tokenizer.size },
        count: ids.length,
        ids,
        // null where a token is only a part of a character
        tokens: ids.map((id) => tokenText(tokenizer.token(id)) ?? null),
        // in UTF-16 units of the text, [start, end)
        offsets: ids.map((_, i) => [starts[i], ends[i]]),
      }),
    ];
  if (format === "ids") return [ids.join(" ")];
  if (format === "table")
    return columns(
      [
        ["id", "token", "bytes", "offsets"],
        ...ids.map((id, i) => {
          const bytes = tokenizer.token(id);
          const hex = Buffer.from(bytes)
            .toString("hex")
            .replace(/..(?=.)/g, "$& ");
          return [String(id), showToken(bytes), hex, `${starts[i]}–${ends[i]}`];
        }),
      ],
      "rllr",
    );
  const characters = Array.from(text).length;
  const each =
    ids.length > 0 ? ` · ${(characters / ids.length).toFixed(2)} characters a token` : "";
  return [
    ...chips(io, tokenizer, ids),
    ids.join(" "),
    `${count(ids.length, "token")} (${tokenizer.kind}, ${grouped(tokenizer.size)}) · ${count(characters, "character")}${each}`,
  ];
}

const count = (n: number, what: string) => `${grouped(n)} ${what}${n === 1 ? "" : "s"}`;

/** Backgrounds on which black is readable, so that neighbours differ. */
const CHIPS = ["bgCyan", "bgYellow", "bgGreen", "bgMagenta"] as const;

/** Each token in a colour of its own, or between bars where there is no colour; a line ends where the text's does. */
function chips(io: IO, tokenizer: Tokenizer, ids: readonly number[]): string[] {
  const lines: string[] = [];
  let line = "";
  for (const [i, id] of ids.entries()) {
    const bytes = tokenizer.token(id);
    const shown = showToken(bytes);
    line += io.stdout.colors
      ? paint(io.stdout, [CHIPS[i % CHIPS.length]!, "black"], shown)
      : `${line ? "" : "│"}${shown}│`;
    if (bytes.includes(10)) {
      lines.push(line);
      line = "";
    }
  }
  return line ? [...lines, line] : lines;
}
