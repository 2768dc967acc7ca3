import type { TaskName } from "./tasks/index.ts";

/** What tells whether a file is still the same. */
export interface FileRecord {
  /** Absolute where there is a file system; "-" for stdin. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A text that is made, and the same each time. */
export type MadeSource =
  | { readonly kind: "stories"; readonly seed: number; readonly characters: number }
  | {
      readonly kind: "task";
      readonly task: TaskName;
      readonly seed: number;
      readonly characters: number;
    };

/** Where a text came from. */
export type Source =
  | MadeSource
  | { readonly kind: "files"; readonly files: readonly FileRecord[] }
  | { readonly kind: "stdin"; readonly file: FileRecord };

/** What a run's config.json says about its text, and what else it cannot change: the command and the page write the same. */
export interface DataRecord {
  readonly source: Source;
  readonly preset: string;
  /** "char", "bytes" or "bpe:N". */
  readonly tokenizer: string;
  /** Share of the text to train on; the rest is held out. */
  readonly split: number;
  /** The model whose weights the run began with; absent where they were random. */
  readonly from?: string;
}

/** The {@link DataRecord.split} of a run that was given none. */
export const SPLIT = 0.9;

/** How much is made where nobody says; a seed of its own, so that a run's seed changes the run and not its text. */
export const SIZES = {
  stories: { seed: 1, characters: 2_000_000 },
  task: { seed: 1, characters: 500_000 },
} as const;
