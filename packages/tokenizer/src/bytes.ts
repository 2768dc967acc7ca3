import type { BytesJSON } from "./format.ts";
import type { Sink } from "./sink.ts";
import { eachPart } from "./stream.ts";
import { TextTokenizer } from "./text-tokenizer.ts";
import type { EncodeOptions, TokenEncoder } from "./tokenizer.ts";
import { encodeUtf8 } from "./utf8.ts";
import { vocabularyOf } from "./vocabulary.ts";

/** The bytes of UTF-8 are the ids: 256 of them, any text, nothing to learn. */
export class ByteTokenizer extends TextTokenizer {
  readonly kind = "bytes";
  readonly specials: ReadonlyMap<string, number> = new Map();
  protected readonly vocabulary = vocabularyOf(
    Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  );

  protected write(text: string, _: EncodeOptions | undefined, sink: Sink): void {
    for (const byte of encodeUtf8(text)) {
      if (!sink.room(1)) return;
      sink.ids[sink.length++] = byte;
    }
  }

  encoder(): TokenEncoder {
    return eachPart((text) => this.encode(text));
  }

  toJSON(): BytesJSON {
    return { muladd: 1, type: "bytes" };
  }
}

/** The tokenizer whose ids 0 … 255 are the bytes of UTF-8. */
export const bytes = (): ByteTokenizer => new ByteTokenizer();
