import type { BPE, BPEParts } from "./bpe.ts";
import type { ByteTable } from "./byte-table.ts";
import type { PartJSON } from "./format.ts";
import type { Sink } from "./sink.ts";
import type { Encoded, EncodeOptions, OffsetOptions } from "./tokenizer.ts";

/** Where a stream of text can be cut whatever follows. */
export interface Cut {
  /** UTF-16 units before it; 0 for nowhere. */
  readonly at: number;
  /** Whether it is where an added token ends. */
  readonly afterToken: boolean;
}

/** Where in a stream a part of it begins. */
export interface Beginning {
  readonly first: boolean;
  /** Whether an added token ends where it begins, so that it does not go on from the text before. */
  readonly afterToken: boolean;
}

/** Which part of a text is encoded: the stream's first, its last, or all of it. */
export interface Stretch extends Beginning {
  readonly last: boolean;
}

export const WHOLE: Stretch = { first: true, afterToken: false, last: true };

/** The last place where a text that begins there can be cut. */
export type Boundary = (text: string, beginning: Beginning) => Cut;

/** What a tokenizer.json can ask for around BPE. A tokenizer without any of it has none. */
export interface Pipeline {
  /** What text becomes each token, where that is not what the token stands for. */
  readonly table: ByteTable | undefined;
  readonly atoms: BPEParts["atoms"];
  /** Ids of added tokens by content, specials or not. */
  readonly added: ReadonlyMap<string, number>;
  write(
    bpe: BPE,
    text: string,
    options: EncodeOptions | undefined,
    sink: Sink,
    stretch?: Stretch,
  ): void;
  offsets(bpe: BPE, text: string, options: OffsetOptions): Encoded;
  /** The last place where text can be cut. `options`: which added tokens are found. */
  boundary(options: EncodeOptions | undefined): Boundary;
}

/** The parts of a tokenizer.json as they were read, for it to be written again. */
export interface FileParts {
  /** By id, as the file has them. */
  readonly names: readonly (string | undefined)[];
  readonly added_tokens: readonly PartJSON[];
  readonly normalizer: PartJSON | null;
  readonly pre_tokenizer: PartJSON | null;
  readonly post_processor: PartJSON | null;
  readonly decoder: PartJSON;
  /** The model without its vocabulary and merges. */
  readonly model: PartJSON;
}
