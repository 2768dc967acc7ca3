export type { BPETokenizer } from "./bpe.ts";
export { type ByteTokenizer, bytes } from "./bytes.ts";
export { type CharacterTokenizer, characters } from "./characters.ts";
export { SpecialTokenError, TokenizerFormatError, UnknownCharacterError } from "./errors.ts";
export type { BytesJSON, CharactersJSON, HuggingFaceJSON, TokenizerJSON } from "./format.ts";
export { loadTokenizer } from "./json.ts";
export { showToken, tokenText } from "./show.ts";
export type { EncodeOptions, TokenDecoder, Tokenizer } from "./tokenizer.ts";
export { type TrainOptions, type TrainProgress, trainBPE } from "./train.ts";
