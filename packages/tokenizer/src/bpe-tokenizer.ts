import { BPE } from "./bpe.ts";
import type { HuggingFaceJSON } from "./format.ts";
import { writeHuggingFace } from "./huggingface.ts";
import { Merges } from "./merge.ts";
import type { Pretokenizer } from "./pretokenizer.ts";
import type { Sink } from "./sink.ts";
import { Specials, Straddling } from "./specials.ts";
import { streamEncoder } from "./stream-encoder.ts";
import { TextTokenizer } from "./text-tokenizer.ts";
import type { EncodeOptions, TokenEncoder } from "./tokenizer.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** All that a byte-level BPE tokenizer is. */
export interface BPEModel {
  readonly vocabulary: Vocabulary;
  /** (left, right, result) of each merge, first merge first; `undefined`: ids are ranks, as in tiktoken. */
  readonly merges: Int32Array | undefined;
  /** Whether a piece that is a token becomes it before any merge: tiktoken's way, and `ignore_merges`. */
  readonly wholePieces: boolean;
  readonly pretokenizer: Pretokenizer;
  /** Special tokens by content. */
  readonly specials: ReadonlyMap<string, number>;
}

/** Byte-level BPE: any text, no unknowns. */
export class BPETokenizer extends TextTokenizer {
  readonly kind = "bpe";
  readonly model: BPEModel;
  protected readonly vocabulary: Vocabulary;
  readonly #bpe: BPE;
  readonly #specials: Specials;

  constructor(model: BPEModel) {
    super();
    this.model = model;
    this.vocabulary = model.vocabulary;
    this.#specials = new Specials(model.specials);
    const { vocabulary, merges, wholePieces, pretokenizer } = model;
    this.#bpe = new BPE({
      vocabulary,
      merges: merges ? Merges.listed(merges) : Merges.ranked(vocabulary.table),
      wholePieces,
      scanners: pretokenizer.scanners,
    });
  }

  get specials(): ReadonlyMap<string, number> {
    return this.model.specials;
  }

  protected write(text: string, options: EncodeOptions | undefined, sink: Sink): void {
    for (const { start, end, special } of this.#specials.segments(text, options)) {
      const bytes = encodeUtf8(text.slice(start, end));
      if (!this.#bpe.encode(bytes, 0, bytes.length, sink)) return;
      if (special === undefined) continue;
      if (!sink.room(1)) return;
      sink.ids[sink.length++] = special;
    }
  }

  encoder(options?: EncodeOptions): TokenEncoder {
    const { scanners, boundary } = this.model.pretokenizer;
    const listed = options?.disallowedSpecial;
    const more = listed && listed !== "all" ? listed : [];
    const straddling = new Straddling([...this.specials.keys(), ...more]);
    return streamEncoder({
      encode: (text) => this.encode(text, options),
      boundary: (text) => {
        if (!boundary || scanners.length === 0) return 0;
        const bytes = encodeUtf8(text);
        for (let end = bytes.length; ; ) {
          const at = boundary(bytes, 0, end);
          const unit = decodeUtf8(bytes.subarray(0, at)).length;
          const special = straddling.at(text, unit);
          if (special === undefined) return unit;
          end = encodeUtf8(text.slice(0, special)).length;
        }
      },
    });
  }

  toJSON(): HuggingFaceJSON {
    return writeHuggingFace(this.model);
  }
}
