import type { BPE } from "../bpe.ts";
import type { ByteTable } from "../byte-table.ts";
import { type Pipeline, WHOLE } from "../pipeline.ts";
import { lastBoundary } from "../scan/boundary.ts";
import { collect, type Sink } from "../sink.ts";
import { allowedIn } from "../specials.ts";
import { encodeUtf8 } from "../utf8.ts";
import type { AddedToken, AddedTokens } from "./added-tokens.ts";
import { type Atoms, atomAt, atomEnd, putAtoms } from "./atoms.ts";
import type { CutParts } from "./cuts.ts";
import type { Normalizer } from "./normalizer.ts";
import { OffsetWriter } from "./offset-writer.ts";
import type { PostProcessor } from "./post-processors.ts";
import type { PreTokenizer } from "./pre-tokenizers.ts";
import { runs } from "./runs.ts";
import { lastCut } from "./token-cuts.ts";

/** What the pipeline of a tokenizer.json is made of. */
export interface Stages {
  readonly added: AddedTokens;
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer;
  /** The character before whose runs pieces end, where that is what cuts them. */
  readonly separator: string | undefined;
  readonly postProcessor: PostProcessor;
  /** What text becomes each token. */
  readonly table: ByteTable;
  readonly atoms: Atoms | undefined;
  /** By id, as in the file. */
  readonly names: readonly (string | undefined)[];
}

/** Where each of `ids` ends, which `bytes[from, to)` became: one piece. */
function endsOf(
  { table, atoms }: Stages,
  bytes: Uint8Array,
  from: number,
  to: number,
  ids: Int32Array,
): number[] {
  if (ids.length === 1) return [to];
  let at = from;
  return Array.from(ids, (id) => {
    if (atoms && id === atoms.unknown) {
      const isUnknown = () => at < to && atomAt(atoms, bytes, at, atomEnd(atoms, bytes, at)) < 0;
      do at = atomEnd(atoms, bytes, at);
      while (atoms.fuse && isUnknown());
    } else if (atoms?.bytes?.includes(id)) at++;
    else at += table.starts[id + 1]! - table.starts[id]!;
    return at;
  });
}

function put(sink: Sink, ids: readonly number[]): boolean {
  if (!sink.room(ids.length)) return false;
  for (const id of ids) sink.ids[sink.length++] = id;
  return true;
}

/** Whether it looks beyond itself, so that a stream can be cut only where white space is whole. */
const takesBlanks = (token: AddedToken): boolean =>
  token.leftBlanks || token.rightBlanks || token.singleWord;

/** What changes where a stream is cut. */
function cutParts({ added, normalizer, preTokenizer, separator }: Stages): CutParts | undefined {
  const { boundary, changes } = preTokenizer;
  const takers = added.tokens.filter(takesBlanks);
  if (normalizer && takers.some(({ normalized }) => normalized)) return undefined;
  if (boundary && boundary !== lastBoundary && takers.length > 0) return undefined;
  const place = { start: false, continued: true };
  return {
    normalizer,
    boundary,
    separator,
    change(text) {
      const normal = normalizer?.apply(text, place) ?? text;
      return changes?.apply(normal, place) ?? normal;
    },
  };
}

/** The pipeline of a tokenizer.json. */
export function makePipeline(stages: Stages): Pipeline {
  const { added, normalizer, preTokenizer, postProcessor, table, atoms, names } = stages;
  const { before, after, trims } = postProcessor;
  const parts = { added, normalizer, changes: preTokenizer.changes };
  const cutting = cutParts(stages);

  const writeText = (bpe: BPE, text: string, sink: Sink): boolean => {
    const bytes = encodeUtf8(text);
    return bpe.encode(bytes, 0, bytes.length, sink);
  };

  return {
    table,
    atoms: atoms && ((...piece) => putAtoms(atoms, ...piece)),
    added: added.ids,

    write(bpe, text, options, sink, stretch = WHOLE) {
      const whole = options?.addSpecialTokens ?? true;
      if (whole && stretch.first && !put(sink, before)) return;
      for (const run of runs(parts, text, options, stretch, false)) {
        const more = run.token ? put(sink, [run.token.id]) : writeText(bpe, run.text, sink);
        if (!more) return;
      }
      if (whole && stretch.last) put(sink, after);
    },

    offsets(bpe, text, options) {
      const whole = options.addSpecialTokens ?? true;
      const writer = new OffsetWriter(text, options.unit ?? "utf16");
      const sink = collect(64);
      if (whole) for (const id of before) writer.id(id);
      for (const run of runs(parts, text, options, WHOLE, true)) {
        if (run.token) {
          writer.added(run.token.id, run);
          continue;
        }
        const bytes = encodeUtf8(run.text);
        for (const [from, to] of bpe.pieces(bytes, 0, bytes.length)) {
          sink.length = 0;
          bpe.piece(bytes, from, to, sink);
          const ids = sink.ids.subarray(0, sink.length);
          writer.tokens(run, bytes, from, ids, endsOf(stages, bytes, from, to, ids), names);
        }
      }
      if (whole) for (const id of after) writer.id(id);
      for (const one of trims) writer.trim(one, whole ? one.shift - before.length : 0);
      return writer.result();
    },

    boundary: (options) => lastCut(stages, cutting, allowedIn(options)),
  };
}
