import type { AnyBPE } from "../bpe-tokenizer.ts";
import type { ByteTokenizer } from "../bytes.ts";
import type { CharacterTokenizer } from "../characters.ts";
import type { HuggingFaceJSON } from "../format.ts";
import { bytesJSON, charactersJSON } from "./plain.ts";
import { writeHuggingFace } from "./write.ts";

/**
 * The `tokenizer.json` that Python's `tokenizers` reads, of a tokenizer however it was made: of characters and of bytes it is BPE
 * without merges. Throws RangeError when a token of ranks is not the merge of two others.
 */
export function huggingFaceJSON(
  tokenizer: AnyBPE | CharacterTokenizer | ByteTokenizer,
): HuggingFaceJSON {
  if ("model" in tokenizer) return writeHuggingFace(tokenizer.model);
  return tokenizer.kind === "bytes" ? bytesJSON() : charactersJSON(tokenizer.characters);
}
