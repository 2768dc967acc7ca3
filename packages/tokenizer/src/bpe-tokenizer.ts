import { BPE } from "./bpe.ts";
import type { HuggingFaceJSON, TiktokenJSON } from "./format.ts";
import type { Merges } from "./merge.ts";
import type { Boundary, FileParts, Pipeline, Stretch } from "./pipeline.ts";
import type { Pretokenizer } from "./pretokenizer.ts";
import { gather, type Sink } from "./sink.ts";
import { Specials } from "./specials.ts";
import { streamEncoder } from "./stream-encoder.ts";
import { TextTokenizer } from "./text-tokenizer.ts";
import type { Encoded, EncodeOptions, OffsetOptions, TokenEncoder } from "./tokenizer.ts";
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
  /** What a tokenizer.json asks for around BPE, if anything. */
  readonly pipeline?: Pipeline | undefined;
  /** The parts of the tokenizer.json that this was read from. */
  readonly file?: FileParts | undefined;
}

/** What differs between ids that are ranks and a list of merges, apart so that who reads one does not carry the other. */
export interface BPEForm<Saved> {
  merges(model: BPEModel): Merges;
  save(model: BPEModel): Saved;
}

/** BPE, byte-level unless a tokenizer.json says otherwise. `Saved`: the form in which it is saved. */
export class BPETokenizer<
  Saved extends HuggingFaceJSON | TiktokenJSON = HuggingFaceJSON,
> extends TextTokenizer {
  readonly kind = "bpe";
  readonly model: BPEModel;
  protected readonly vocabulary: Vocabulary;
  readonly #bpe: BPE;
  readonly #specials: Specials;
  readonly #form: BPEForm<Saved>;

  constructor(model: BPEModel, form: BPEForm<Saved>) {
    super();
    this.model = model;
    this.#form = form;
    this.vocabulary = model.vocabulary;
    this.#specials = new Specials(model.specials);
    const { vocabulary, wholePieces, pretokenizer, pipeline } = model;
    this.#bpe = new BPE({
      table: pipeline?.table ?? vocabulary.table,
      merges: form.merges(model),
      wholePieces,
      scanners: pretokenizer.scanners,
      atoms: pipeline?.atoms,
    });
  }

  get specials(): ReadonlyMap<string, number> {
    return this.model.specials;
  }

  /** Normalizers can make much text little. */
  protected override get reach(): number {
    return this.model.pipeline ? Infinity : super.reach;
  }

  protected write(
    text: string,
    options: OffsetOptions | undefined,
    sink: Sink,
    stretch?: Stretch,
  ): void {
    const { pipeline } = this.model;
    if (pipeline) {
      pipeline.write(this.#bpe, text, options, sink, stretch);
      return;
    }
    for (const { start, end, special } of this.#specials.segments(text, options)) {
      const bytes = encodeUtf8(text.slice(start, end));
      if (!this.#bpe.encode(bytes, 0, bytes.length, sink)) return;
      if (special === undefined) continue;
      if (!sink.room(1)) return;
      sink.ids[sink.length++] = special;
    }
  }

  override encodeWithOffsets(text: string, options: OffsetOptions = {}): Encoded {
    const { pipeline } = this.model;
    return pipeline
      ? pipeline.offsets(this.#bpe, text, options)
      : super.encodeWithOffsets(text, options);
  }

  encoder(options?: EncodeOptions): TokenEncoder {
    const { pipeline } = this.model;
    const unchecked: EncodeOptions = { ...options, disallowedSpecial: [] };
    return streamEncoder({
      disallowed: this.#specials.disallowed(options),
      encode: (text, stretch) =>
        gather(text.length, (sink) => this.write(text, unchecked, sink, stretch)),
      boundary: pipeline ? pipeline.boundary(options) : this.#boundary(unchecked),
    });
  }

  /** The last place where text can be cut: where a piece or a special ends. */
  #boundary(options: EncodeOptions): Boundary {
    const { boundary } = this.model.pretokenizer;
    const specials = this.#specials.allowed(options);
    return (text) => {
      const open = specials.open(text);
      let start = 0;
      for (const segment of this.#specials.segments(text, options))
        if (segment.start <= open) start = segment.start;
      const bytes = encodeUtf8(text.slice(start, open));
      const at = boundary ? boundary(bytes, 0, bytes.length) : 0;
      return { at: start + decodeUtf8(bytes.subarray(0, at)).length, afterToken: at === 0 };
    };
  }

  override id(token: string | Uint8Array): number | undefined {
    const added = typeof token === "string" ? this.model.pipeline?.added.get(token) : undefined;
    return added ?? super.id(token);
  }

  toJSON(): Saved {
    return this.#form.save(this.model);
  }
}

/** A BPE tokenizer, however it is saved. */
export type AnyBPE = Pick<BPETokenizer, "model">;
