export { type AnyBPE, BPETokenizer } from "./bpe-tokenizer.ts";
export { ByteTokenizer, bytes } from "./bytes.ts";
export { CharacterTokenizer, characters } from "./characters.ts";
export { type Encoding, type EncodingName, encodings } from "./encodings.ts";
export { SpecialTokenError, TokenizerFormatError, UnknownCharacterError } from "./errors.ts";
export type {
  BytesJSON,
  CharactersJSON,
  HuggingFaceJSON,
  TiktokenJSON,
  TokenizerJSON,
} from "./format.ts";
export { huggingFaceJSON } from "./huggingface/any.ts";
export { loadTokenizer } from "./json.ts";
export { patternOf } from "./patterns.ts";
export { CL100K, GPT2, LLAMA3, O200K, type Pretokenizer, QWEN2 } from "./pretokenizer.ts";
export { showToken, tokenText } from "./show.ts";
export { tiktoken, writeTiktoken } from "./tiktoken.ts";
export {
  type DecodeOptions,
  type Encoded,
  type EncodeOptions,
  encodeBatch,
  type OffsetOptions,
  type OffsetUnit,
  type TokenDecoder,
  type TokenEncoder,
  type Tokenizer,
} from "./tokenizer.ts";
export { trainBPE, trainBPEStream } from "./train.ts";
export type { TrainOptions, TrainProgress } from "./train-options.ts";
export {
  readVocabMerges,
  type VocabMerges,
  type VocabMergesOptions,
  writeVocabMerges,
} from "./vocab-merges.ts";
