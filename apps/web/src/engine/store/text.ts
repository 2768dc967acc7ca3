import type { FileRecord, Source } from "@muladd/corpus";
import { type Folder, RunError } from "@muladd/gpt/train";
import { sha256 } from "../texts.ts";

/** The n-th file of a run's text, beside the run: a page cannot go back to where it came from. */
const textPath = (n: number) => `text/${n + 1}.txt`;

/** The files of a source, in their order; none where the text is made from its record. */
export function filesOf(source: Source | undefined): readonly FileRecord[] {
  return source?.kind === "files" ? source.files : source?.kind === "stdin" ? [source.file] : [];
}

const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);

/** Keeps a text that was given in one piece, byte for byte: decoding took a byte order mark away. */
export async function keepText(folder: Folder, source: Source, text: string): Promise<void> {
  const [file, ...others] = filesOf(source);
  if (!file || others.length > 0) return;
  const bytes = new TextEncoder().encode(text);
  const marked = file.bytes === bytes.length + BYTE_ORDER_MARK.length;
  await folder.write(textPath(0), marked ? withMark(bytes) : bytes);
}

function withMark(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(BYTE_ORDER_MARK.length + bytes.length);
  all.set(BYTE_ORDER_MARK);
  all.set(bytes, BYTE_ORDER_MARK.length);
  return all;
}

/** Files of the run's text that are not with it. */
export async function missingFiles(
  folder: Folder,
  source: Source | undefined,
): Promise<readonly FileRecord[]> {
  const names = new Set(await folder.list("text"));
  return filesOf(source).filter((_, n) => !names.has(textPath(n).slice("text/".length)));
}

/** Takes those files whose contents the run's text has; throws {@link RunError} when none is one of them. */
export async function giveFiles(
  folder: Folder,
  source: Source | undefined,
  given: readonly Uint8Array[],
): Promise<void> {
  const wanted = filesOf(source);
  let taken = 0;
  for (const bytes of given) {
    const digest = await sha256(bytes);
    for (const [n, file] of wanted.entries())
      if (file.sha256 === digest) {
        await folder.write(textPath(n), bytes);
        taken++;
      }
  }
  if (taken === 0)
    throw new RunError(
      `this is not the text that ${folder.name} began with; it needs ${describe(wanted)}`,
    );
}

/** The text of a run. Throws {@link RunError} that names what is missing. */
export async function recallText(folder: Folder, source: Source | undefined): Promise<string> {
  if (source?.kind === "stories" || source?.kind === "task") {
    const { madeText } = await import("@muladd/corpus");
    return madeText(source);
  }
  if (source?.kind !== "files" && source?.kind !== "stdin")
    throw new RunError(
      `${folder.name}/config.json does not say where its text came from; train anew with the text`,
    );
  const missing = await missingFiles(folder, source);
  if (missing.length > 0)
    throw new RunError(`the text of ${folder.name} is not with it; give ${describe(missing)}`);
  let all = "";
  for (const [n, file] of filesOf(source).entries()) {
    const bytes = (await folder.read(textPath(n)))!;
    if ((await sha256(bytes)) !== file.sha256)
      throw new RunError(
        `${folder.name}/${textPath(n)} is not the text that the run began with; give ${describe([file])}`,
      );
    const text = new TextDecoder().decode(bytes);
    // As the command joins files.
    all = all === "" || all.endsWith("\n") ? all + text : `${all}\n${text}`;
  }
  return all;
}

const describe = (files: readonly FileRecord[]): string =>
  files.map((f) => `${f.path} (${f.bytes.toLocaleString("en-US")} bytes)`).join(" and ");
