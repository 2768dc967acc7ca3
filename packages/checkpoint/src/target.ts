/** A file that is being written: it is there, whole, after `commit`, and else never. */
export interface FileWriter {
  append(bytes: Uint8Array): Promise<void>;
  /** Throws when it cannot; nothing is left behind then. */
  commit(): Promise<void>;
  /** Leaves nothing behind. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Where files are written, one part after the other: a folder on disk, memory, or a page's own. */
export interface FileTarget {
  /** How errors call it. */
  readonly name: string;
  /** Begins a file, with "/" in its path; an older one stays until `commit`. Throws FormatError for a path that leaves the folder. */
  write(path: string): Promise<FileWriter>;
}
